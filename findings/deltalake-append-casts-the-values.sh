#!/usr/bin/env bash
# deltalake 1.6.6, `write_deltalake(mode="append")` of a column whose type isn't the table's, with and without
# `schema_mode="merge"`.
#
# Guess: it raises, as its guide says of a schema that differs from the table's, or `merge` widens the column.
# Seen: the values are cast to the table's type, and the two modes don't differ. 1.5 becomes 1 in a column of whole
# numbers, and in one inside of a struct; 2.0 becomes True; a time loses its hour in a column of dates; 1e300 becomes
# infinite in a column of short floats. Only what has no value at all there raises: 1e30, NaN. So the first items'
# `eo:cloud_cover` of 1 and 20 make a column in which each later 1.5 is 1, without a word.
#
# Output seen:
#   int64 gets 1.5: merge 1, no mode 1
#   int64 gets 1e+30: merge raises, no mode raises
#   int64 gets nan: merge raises, no mode raises
#   struct<a: int64> gets {'a': 1.5}: merge {'a': 1}, no mode {'a': 1}
#   bool gets 2.0: merge True, no mode True
#   date32[day] gets 2024-01-01 18:30:00+00:00: merge 2024-01-01, no mode 2024-01-01
#   float gets 1e+300: merge inf, no mode inf
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'deltalake==1.6.6' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import sys
from datetime import UTC, date, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

CASES = (
    (pa.array([1]), 1.5),
    (pa.array([1]), 1e30),
    (pa.array([1]), float("nan")),
    (pa.array([{"a": 1}]), {"a": 1.5}),
    (pa.array([False]), 2.0),
    (pa.array([date(2023, 1, 1)]), datetime(2024, 1, 1, 18, 30, tzinfo=UTC)),
    (pa.array([0.5], pa.float32()), 1e300),
)


def appended(path, first, value, **mode):
    write_deltalake(path, pa.table({"first": [True], "v": first}))
    try:
        write_deltalake(path, pa.table({"first": [False], "v": [value]}), mode="append", **mode)
    except Exception:  # a failed cast has no type of its own
        return "raises"
    (row,) = (row for row in DeltaTable(path).to_pyarrow_table().to_pylist() if not row["first"])
    return row["v"]


for number, (first, value) in enumerate(CASES):
    merge = appended(f"{sys.argv[1]}/{number}-merge", first, value, schema_mode="merge")
    plain = appended(f"{sys.argv[1]}/{number}-plain", first, value)
    print(f"{first.type} gets {value}: merge {merge}, no mode {plain}")
PYTHON
)
echo "$seen"
[ "$seen" = "int64 gets 1.5: merge 1, no mode 1
int64 gets 1e+30: merge raises, no mode raises
int64 gets nan: merge raises, no mode raises
struct<a: int64> gets {'a': 1.5}: merge {'a': 1}, no mode {'a': 1}
bool gets 2.0: merge True, no mode True
date32[day] gets 2024-01-01 18:30:00+00:00: merge 2024-01-01, no mode 2024-01-01
float gets 1e+300: merge inf, no mode inf" ] || { echo "this has changed" >&2; exit 1; }
