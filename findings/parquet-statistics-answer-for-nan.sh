#!/usr/bin/env bash
# duckdb 2.0.1 and pyarrow 26.0.1, filters on a Parquet file of one row group whose floats are 10, NaN and 30; pyarrow
# wrote it. The statistics say 10 to 30, since Parquet leaves NaN out of them and warns readers of that.
#
# Guess: a filter on the file finds what the same filter finds once the rows are in memory.
# Seen: both readers let the statistics answer for the NaN. In DuckDB `isnan(x)` finds nothing. NaN is greater there than
# any number, and `x > 100` loses the row all the same, while `x BETWEEN 10 AND 30` returns it, since all rows are said to
# be between them. `x > 20` is right, so the literal decides. pyarrow finds it by `is_nan`, and loses it for `not x > 5`.
# DuckDB's option `can_have_nan` of `read_parquet` mends it. Polars has one answer for the file and the table.
#
# Output seen:
#   duckdb isnan(x): file [], can_have_nan ['b'], table ['b']
#   duckdb x > 100: file [], can_have_nan ['b'], table ['b']
#   duckdb x > 20: file ['b', 'c'], can_have_nan ['b', 'c'], table ['b', 'c']
#   duckdb x BETWEEN 10 AND 30: file ['a', 'b', 'c'], can_have_nan ['a', 'c'], table ['a', 'c']
#   pyarrow is_nan: file ['b'], table ['b']
#   pyarrow not x > 5: file [], table ['b']
#   polars is_nan: file ['b'], table ['b']
#   polars not x > 5: file [], table []
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'duckdb==2.0.1' 'pyarrow==26.0.1' 'polars==2.1.0'

seen=$("$folder/env/bin/python" - "$folder/items.parquet" <<'PYTHON'
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

path = sys.argv[1]
rows = pa.table({"id": list("abc"), "x": [10.0, float("nan"), 30.0]})
pq.write_table(rows, path)

duckdb.sql(f"CREATE TABLE items AS SELECT * FROM read_parquet('{path}')")
SOURCES = {
    "file": f"read_parquet('{path}')",
    "can_have_nan": f"read_parquet('{path}', can_have_nan = true)",
    "table": "items",
}
for condition in ("isnan(x)", "x > 100", "x > 20", "x BETWEEN 10 AND 30"):
    found = (
        f"{name} {[row[0] for row in duckdb.sql(f'SELECT id FROM {source} WHERE {condition} ORDER BY id').fetchall()]}"
        for name, source in SOURCES.items()
    )
    print(f"duckdb {condition}: {', '.join(found)}")

x = ds.field("x")
for title, expression in (("is_nan", x.is_nan()), ("not x > 5", ~(x > 5))):
    file, table = (source.to_table(filter=expression)["id"].to_pylist() for source in (ds.dataset(path), ds.dataset(rows)))
    print(f"pyarrow {title}: file {file}, table {table}")

x = pl.col("x")
for title, expression in (("is_nan", x.is_nan()), ("not x > 5", ~(x > 5))):
    file, table = (
        frame.filter(expression).collect()["id"].to_list()
        for frame in (pl.scan_parquet(path), pl.from_arrow(rows).lazy())
    )
    print(f"polars {title}: file {file}, table {table}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
duckdb isnan(x): file [], can_have_nan ['b'], table ['b']
duckdb x > 100: file [], can_have_nan ['b'], table ['b']
duckdb x > 20: file ['b', 'c'], can_have_nan ['b', 'c'], table ['b', 'c']
duckdb x BETWEEN 10 AND 30: file ['a', 'b', 'c'], can_have_nan ['a', 'c'], table ['a', 'c']
pyarrow is_nan: file ['b'], table ['b']
pyarrow not x > 5: file [], table ['b']
polars is_nan: file ['b'], table ['b']
polars not x > 5: file [], table []
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
