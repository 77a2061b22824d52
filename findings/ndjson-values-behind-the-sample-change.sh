#!/usr/bin/env bash
# duckdb 2.0.1 and 1.5.5 (`read_json`), datafusion 55.0.0 (`register_json`) and polars 2.1.0 (`scan_ndjson`) on
# newline-delimited JSON of 20,481 items, the last of which has a value of another kind. All guess the types from the
# first lines, DuckDB from 20,480. Nothing is set.
#
# Guess: a value that doesn't fit the guessed type raises, or the type is widened.
# Seen: it is made to fit, without a word. Behind whole numbers DuckDB makes 3 of 2.7, and DataFusion 2. DuckDB also makes
# 1 of true and true of 7. Behind nulls DuckDB 2.0.1 makes null of whatever comes, which 1.5.5 kept. So a cloud cover of 0
# and 100 in the first items rounds all later ones, and a property that the first twenty thousand have as null is null in
# all. `sample_size = -1` keeps the values. Polars raises.
#
# Output seen:
#   1, then 2.7 | 1, then true | true, then 7 | null, then 5 | null, then "x" | [1], then [2.7]
#   duckdb 1.5.5: 3 | 1 | true | 5 | "x" | [3]
#   duckdb 2.0.1: 3 | 1 | true | null | null | [3]
#   duckdb 2.0.1, sample_size = -1: 2.7 | true | 7 | 5 | "x" | [2.7]
#   datafusion: 2 | raises | raises | raises | raises | [2]
#   polars: raises | raises | raises | raises | raises | raises
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 1.5.5 2.0.1; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
done
"$folder/2.0.1/bin/pip" install --quiet --disable-pip-version-check 'datafusion==55.0.0' 'pyarrow==26.0.1' 'polars==2.1.0'

cat >"$folder/write.py" <<'PYTHON'
import json
import sys

CASES = ((1, 2.7), (1, True), (True, 7), (None, 5), (None, "x"), ([1], [2.7]))
for number, (early, late) in enumerate(CASES):
    with open(f"{sys.argv[1]}/{number}.ndjson", "w") as file:
        for index in range(20480):
            file.write(json.dumps({"id": f"item-{index}", "p": early}) + "\n")
        file.write(json.dumps({"id": "last", "p": late}) + "\n")
print(" | ".join(f"{json.dumps(early)}, then {json.dumps(late)}" for early, late in CASES))
PYTHON
cat >"$folder/read.py" <<'PYTHON'
import json
import sys

import duckdb

folder, count = sys.argv[1], int(sys.argv[2])


def in_duckdb(path, options=""):
    rows = duckdb.sql(f"SELECT to_json(p)::VARCHAR FROM read_json('{path}'{options}) WHERE id = 'last'").fetchall()
    return None if rows[0][0] is None else json.loads(rows[0][0])


def in_datafusion(path):
    import datafusion

    context = datafusion.SessionContext()
    context.register_json("items", path, file_extension=".ndjson")
    return context.sql("SELECT p FROM items WHERE id = 'last'").collect()[0].column(0)[0].as_py()


def in_polars(path):
    import polars as pl

    return pl.scan_ndjson(path).filter(pl.col("id") == "last").collect()["p"].to_list()[0]


READERS = {
    f"duckdb {duckdb.__version__}": in_duckdb,
    f"duckdb {duckdb.__version__}, sample_size = -1": lambda path: in_duckdb(path, ", sample_size = -1"),
    "datafusion": in_datafusion,
    "polars": in_polars,
}


def last(read, path):
    try:
        return json.dumps(read(path))
    except ImportError:
        raise
    except Exception:
        return "raises"


for name, read in list(READERS.items())[:count]:
    print(f"{name}: {' | '.join(last(read, f'{folder}/{number}.ndjson') for number in range(6))}")
PYTHON
seen=$(
  "$folder/2.0.1/bin/python" "$folder/write.py" "$folder"
  "$folder/1.5.5/bin/python" "$folder/read.py" "$folder" 1
  "$folder/2.0.1/bin/python" "$folder/read.py" "$folder" 4
)
echo "$seen"
expected=$(cat <<'TEXT'
1, then 2.7 | 1, then true | true, then 7 | null, then 5 | null, then "x" | [1], then [2.7]
duckdb 1.5.5: 3 | 1 | true | 5 | "x" | [3]
duckdb 2.0.1: 3 | 1 | true | null | null | [3]
duckdb 2.0.1, sample_size = -1: 2.7 | true | 7 | 5 | "x" | [2.7]
datafusion: 2 | raises | raises | raises | raises | [2]
polars: raises | raises | raises | raises | raises | raises
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
