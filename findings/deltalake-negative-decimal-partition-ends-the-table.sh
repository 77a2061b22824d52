#!/usr/bin/env bash
# deltalake 1.6.6, a table partitioned by a decimal column, such as the south edge of tiles of half a degree.
#
# Guess: -0.50 is written as the partition value "-0.50", as 0.50 is as "0.50"; or it is refused, and the table stays.
# Seen: the sign goes to the decimals behind the point: the log gets "0.-50", and -1.50 would be "-1.-50". The commit is
# made, and only then does the call raise. From there on deltalake reads no row of that table, no append to it succeeds,
# and neither `delete` nor `restore` mends it; its earlier versions can be opened still. -1.00 is fine, so it holds until
# the first tile below zero that isn't on a whole degree.
#
# Output seen:
#   1.00: written; 1 commit, partition 1.00; read 1 row
#   0.50: written; 2 commits, partition 0.50; read 2 rows
#   -1.00: written; 3 commits, partition -1.00; read 3 rows
#   -0.50: raises; 4 commits, partition 0.-50; read raises
#   2.00: raises; 4 commits, partition 0.-50; read raises
#   delete: raises
#   restore to version 2: raises
#   opened at version 2: 3 rows
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'deltalake==1.6.6' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder/table" <<'PYTHON'
import json
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

PATH = sys.argv[1]


def tile(south):
    return pa.table({"id": [south], "south": pa.array([Decimal(south)], pa.decimal128(4, 2))})


def count(number, what):
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def outcome(call):
    try:
        return call()
    except DeltaError:
        return "raises"


def append(south):
    write_deltalake(PATH, tile(south), mode="append", partition_by=["south"])
    return "written"


for south in ("1.00", "0.50", "-1.00", "-0.50", "2.00"):
    written = outcome(lambda: append(south))
    commits = sorted(Path(PATH, "_delta_log").glob("*.json"))
    actions = [json.loads(line) for line in commits[-1].read_text().splitlines()]
    (partition,) = (action["add"]["partitionValues"]["south"] for action in actions if "add" in action)
    read = outcome(lambda: count(DeltaTable(PATH).to_pyarrow_table().num_rows, "row"))
    print(f"{south}: {written}; {count(len(commits), 'commit')}, partition {partition}; read {read}")
print("delete:", outcome(lambda: DeltaTable(PATH).delete("south < 0")))
print("restore to version 2:", outcome(lambda: DeltaTable(PATH).restore(2)))
print("opened at version 2:", count(DeltaTable(PATH, version=2).to_pyarrow_table().num_rows, "row"))
PYTHON
)
echo "$seen"
[ "$seen" = "1.00: written; 1 commit, partition 1.00; read 1 row
0.50: written; 2 commits, partition 0.50; read 2 rows
-1.00: written; 3 commits, partition -1.00; read 3 rows
-0.50: raises; 4 commits, partition 0.-50; read raises
2.00: raises; 4 commits, partition 0.-50; read raises
delete: raises
restore to version 2: raises
opened at version 2: 3 rows" ] || { echo "this has changed" >&2; exit 1; }
