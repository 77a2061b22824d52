#!/usr/bin/env bash
# pyarrow 26.0.1, `in` and `not in` on a column of floats in a Parquet file that pyarrow wrote, such as the cloud cover
# of items that are sorted by it. There is no -0.0 in the data.
#
# Guess: `cc in (0, 7)` finds the rows that `cc == 0` or `cc == 7` finds, in a file as in a table in memory.
# Seen: a row group that holds zeros alone is lost: neither `in` nor `not in` finds a row of it, though `==` does. Its
# statistics say -0.0 to 0.0, as Parquet wants it, and `in` tells -0.0 from 0.0. One other value in the row group, or a
# null, brings its zeros back, so the answer depends on how many rows a group has. Whole numbers fare well. `isin` of a
# dataset and `filters=` of `read_table` agree.
#
# Output seen:
#   row groups of 1, statistics of the first -0.0 to 0.0
#     in (0, 7): table ['a', 'b', 'c', 'd'], file ['d'], filters ['d']
#     not in (0, 7): table ['e'], file ['e'], filters ['e']
#     == 0: table ['a', 'b', 'c'], file ['a', 'b', 'c'], filters ['a', 'b', 'c']
#     whole numbers in (0, 7): table ['a', 'b', 'c', 'd'], file ['a', 'b', 'c', 'd'], filters ['a', 'b', 'c', 'd']
#   row groups of 2, statistics of the first -0.0 to 0.0
#     in (0, 7): table ['a', 'b', 'c', 'd'], file ['c', 'd'], filters ['c', 'd']
#     not in (0, 7): table ['e'], file ['e'], filters ['e']
#     == 0: table ['a', 'b', 'c'], file ['a', 'b', 'c'], filters ['a', 'b', 'c']
#     whole numbers in (0, 7): table ['a', 'b', 'c', 'd'], file ['a', 'b', 'c', 'd'], filters ['a', 'b', 'c', 'd']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder/items.parquet" <<'PYTHON'
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

path = sys.argv[1]
rows = pa.table({"id": list("abcde"), "cc": [0.0, 0.0, 0.0, 7.0, 90.0], "whole": [0, 0, 0, 7, 90]})
FILTERS = {
    "in (0, 7)": ("cc", "in", [0.0, 7.0]),
    "not in (0, 7)": ("cc", "not in", [0.0, 7.0]),
    "== 0": ("cc", "==", 0.0),
    "whole numbers in (0, 7)": ("whole", "in", [0, 7]),
}


def names(table):
    return table["id"].to_pylist()


for size in (1, 2):
    pq.write_table(rows, path, row_group_size=size)
    statistics = pq.read_metadata(path).row_group(0).column(1).statistics
    print(f"row groups of {size}, statistics of the first {statistics.min} to {statistics.max}")
    for title, condition in FILTERS.items():
        expression = pq.filters_to_expression([condition])
        table, file = (names(source.to_table(filter=expression)) for source in (ds.dataset(rows), ds.dataset(path)))
        print(f"  {title}: table {table}, file {file}, filters {names(pq.read_table(path, filters=[condition]))}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
row groups of 1, statistics of the first -0.0 to 0.0
  in (0, 7): table ['a', 'b', 'c', 'd'], file ['d'], filters ['d']
  not in (0, 7): table ['e'], file ['e'], filters ['e']
  == 0: table ['a', 'b', 'c'], file ['a', 'b', 'c'], filters ['a', 'b', 'c']
  whole numbers in (0, 7): table ['a', 'b', 'c', 'd'], file ['a', 'b', 'c', 'd'], filters ['a', 'b', 'c', 'd']
row groups of 2, statistics of the first -0.0 to 0.0
  in (0, 7): table ['a', 'b', 'c', 'd'], file ['c', 'd'], filters ['c', 'd']
  not in (0, 7): table ['e'], file ['e'], filters ['e']
  == 0: table ['a', 'b', 'c'], file ['a', 'b', 'c'], filters ['a', 'b', 'c']
  whole numbers in (0, 7): table ['a', 'b', 'c', 'd'], file ['a', 'b', 'c', 'd'], filters ['a', 'b', 'c', 'd']
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
