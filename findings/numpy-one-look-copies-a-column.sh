#!/usr/bin/env bash
# numpy 2.4.6, one look into a column of a sorted structured array, such as an index of items by the hash of their ids:
# `searchsorted` of one value, `take` of one row, and `column[row]`.
#
# Guess: a bisection looks at some twenty values, and one row is one value. So neither allocates anything to speak of,
# however many rows there are.
# Seen: `take` of one row copies the whole column first, always. `searchsorted` of one value does so where the rows are
# packed and their size is no multiple of 8 bytes, since the values aren't aligned then; with `align=True`, or rows of 24
# bytes, it copies nothing, though the column is no more contiguous. `column[row]` never copies. All answers are right;
# they are just as slow as a scan.
#
# Output seen:
#   packed, 25 bytes a row: 100000 rows copied by searchsorted: True, take: True, []: False
#   packed, 25 bytes a row: 400000 rows copied by searchsorted: True, take: True, []: False
#   aligned, 32 bytes a row: 100000 rows copied by searchsorted: False, take: True, []: False
#   aligned, 32 bytes a row: 400000 rows copied by searchsorted: False, take: True, []: False
#   packed, 24 bytes a row: 100000 rows copied by searchsorted: False, take: True, []: False
#   packed, 24 bytes a row: 400000 rows copied by searchsorted: False, take: True, []: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'numpy==2.4.6'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import tracemalloc

import numpy as np

COLUMNS = [("hash", "<u8"), ("part", "<u8"), ("row", "<u8")]
KINDS = {
    "packed": np.dtype([*COLUMNS, ("gone", "?")]),
    "aligned": np.dtype([*COLUMNS, ("gone", "?")], align=True),
    "packed ": np.dtype(COLUMNS),
}


def copies(do, rows):
    """Whether something as large as the column is allocated meanwhile."""
    tracemalloc.start()
    assert do()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak >= 8 * rows


for name, kind in KINDS.items():
    for rows in (100_000, 400_000):
        index = np.zeros(rows, kind)
        index["hash"] = 10 * np.arange(rows)
        column, wanted = index["hash"], np.uint64(777_770)
        looks = {
            "searchsorted": lambda: column.searchsorted(wanted) == 77_777,
            "take": lambda: column.take(77_777) == wanted,
            "[]": lambda: column[77_777] == wanted,
        }
        said = ", ".join(f"{name}: {copies(look, rows)}" for name, look in looks.items())
        print(f"{name.strip()}, {kind.itemsize} bytes a row: {rows} rows copied by {said}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
packed, 25 bytes a row: 100000 rows copied by searchsorted: True, take: True, []: False
packed, 25 bytes a row: 400000 rows copied by searchsorted: True, take: True, []: False
aligned, 32 bytes a row: 100000 rows copied by searchsorted: False, take: True, []: False
aligned, 32 bytes a row: 400000 rows copied by searchsorted: False, take: True, []: False
packed, 24 bytes a row: 100000 rows copied by searchsorted: False, take: True, []: False
packed, 24 bytes a row: 400000 rows copied by searchsorted: False, take: True, []: False
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
