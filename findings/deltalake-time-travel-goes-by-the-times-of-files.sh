#!/usr/bin/env bash
# deltalake 1.6.6, `load_as_version` with a time, on a table and on a copy of it.
#
# Each commit notes its own time in the log, and `history` shows that.
# Guess: `load_as_version(time)` goes by the times that `history` shows, so a copy of a table answers as the table does;
# and a time before the first commit raises, since there was no table.
# Seen: it goes by the times of the files in `_delta_log`. In a copy these are the times of copying: `history` says the
# same of both, and the copy gives version 0 for each time of it. It raises neither there nor for a time before the first
# commit: the rows of version 0 come back for a day on which the table didn't exist.
#
# Output seen:
#   history alike: True
#   table at the times of history: versions [0, 1, 2]
#   copy at the times of history: versions [0, 0, 0]
#   table in the year 2000: version 0, rows [0]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'deltalake==1.6.6' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import shutil
import sys
import time
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

TABLE, COPY = f"{sys.argv[1]}/table", f"{sys.argv[1]}/copy"


def version(path, when):
    table = DeltaTable(path)
    table.load_as_version(when)
    return table.version()


def times(path):
    commits = sorted(DeltaTable(path).history(), key=lambda commit: commit["version"])
    # A file gets its time a little after the commit notes its own, so a second is added; commits are two apart.
    return [datetime.fromtimestamp(commit["timestamp"] / 1000 + 1, UTC) for commit in commits]


for number in range(3):
    write_deltalake(TABLE, pa.table({"n": [number]}), mode="append")
    time.sleep(2)
shutil.copytree(TABLE, COPY, copy_function=shutil.copyfile)
print("history alike:", times(TABLE) == times(COPY))
for name, path in (("table", TABLE), ("copy", COPY)):
    print(f"{name} at the times of history: versions {[version(path, when) for when in times(path)]}")
early = DeltaTable(TABLE)
early.load_as_version(datetime(2000, 1, 1, tzinfo=UTC))
print(f"table in the year 2000: version {early.version()}, rows {early.to_pyarrow_table()['n'].to_pylist()}")
PYTHON
)
echo "$seen"
[ "$seen" = "history alike: True
table at the times of history: versions [0, 1, 2]
copy at the times of history: versions [0, 0, 0]
table in the year 2000: version 0, rows [0]" ] || { echo "this has changed" >&2; exit 1; }
