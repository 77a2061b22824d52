#!/usr/bin/env bash
# duckdb 2.0.1, ids in a file of newline-delimited JSON, read by `read_json` with nothing set, and copied to JSON and to
# Parquet.
#
# Guess: a JSON string stays a string, or becomes a type that gives the same text back: `2024-01-31` may be a date.
# Seen: three numbers with hyphens are a date, if each row can be read as some date. So the ids of map tiles, `5-10-12`
# for zoom 5, column 10 and row 12, become the 12th of October 2005. Which part is the year changes from row to row, and
# two ids become one. A UUID becomes one of small letters. A name `epoch` is the year 1970. What is copied from there to
# JSON or Parquet has other ids than the source. `columns = {id: 'VARCHAR'}` keeps them.
#
# Output seen:
#   5-10-12, 5-10-31, 5-10-32: DATE 2005-10-12, 2005-10-31, 2032-10-05
#   01-02-2024, 1-2-24: DATE 2024-02-01, 0024-02-01
#   5-9-1, 5-09-1: DATE 2005-09-01, 2005-09-01
#   6F9619FF-8B86-4011-B42D-00CF4FC964FF: UUID 6f9619ff-8b86-4011-b42d-00cf4fc964ff
#   epoch: DATE 1970-01-01
#   5/10/12: VARCHAR 5/10/12
#   columns given: VARCHAR 5-10-12, 5-10-31, 5-10-32
#   copied to JSON: 2005-10-12, 2005-10-31, 2032-10-05
#   copied to Parquet: date32[day]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'duckdb==2.0.1' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import json
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
path = folder / "items.ndjson"
TILES = ["5-10-12", "5-10-31", "5-10-32"]


def show(title, source):
    rows = duckdb.sql(f"SELECT typeof(id), id::VARCHAR FROM {source}").fetchall()
    print(f"{title}: {rows[0][0]} {', '.join(row[1] for row in rows)}")


def write(ids):
    path.write_text("".join(json.dumps({"id": name}) + "\n" for name in ids))


for ids in (
    TILES,
    ["01-02-2024", "1-2-24"],
    ["5-9-1", "5-09-1"],
    ["6F9619FF-8B86-4011-B42D-00CF4FC964FF"],
    ["epoch"],
    ["5/10/12"],
):
    write(ids)
    show(", ".join(ids), f"read_json('{path}')")
write(TILES)
show("columns given", f"read_json('{path}', columns = {{id: 'VARCHAR'}})")
for kind in ("json", "parquet"):
    duckdb.sql(f"COPY (SELECT * FROM read_json('{path}')) TO '{folder}/copy.{kind}' (FORMAT {kind})")
copied = [json.loads(line)["id"] for line in (folder / "copy.json").read_text().splitlines()]
print(f"copied to JSON: {', '.join(copied)}")
print(f"copied to Parquet: {pq.read_schema(folder / 'copy.parquet').field('id').type}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
5-10-12, 5-10-31, 5-10-32: DATE 2005-10-12, 2005-10-31, 2032-10-05
01-02-2024, 1-2-24: DATE 2024-02-01, 0024-02-01
5-9-1, 5-09-1: DATE 2005-09-01, 2005-09-01
6F9619FF-8B86-4011-B42D-00CF4FC964FF: UUID 6f9619ff-8b86-4011-b42d-00cf4fc964ff
epoch: DATE 1970-01-01
5/10/12: VARCHAR 5/10/12
columns given: VARCHAR 5-10-12, 5-10-31, 5-10-32
copied to JSON: 2005-10-12, 2005-10-31, 2032-10-05
copied to Parquet: date32[day]
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
