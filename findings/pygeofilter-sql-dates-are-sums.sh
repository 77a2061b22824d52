#!/usr/bin/env bash
# pygeofilter 0.4.0, dates of CQL2 text and CQL2 JSON as a condition of SQL (`pygeofilter.backends.sql`), run by SQLite on
# a column with dates as texts.
#
# Guess: a date becomes a literal in quotes, as a text does.
# Seen: it stands there without quotes, and in SQL `2024-01-03` is 2024 minus 1 minus 3. SQLite takes a text to be greater
# than any number, so `day > DATE('2024-01-03')` finds all rows, and `=`, `<=`, BETWEEN and IN find none. Nothing is
# raised. A TIMESTAMP is written in the same way, and there SQLite raises. With the date as a text, the answers are right.
#
# Output seen:
#   day > DATE('2024-01-03'): ("day" > 2024-01-03) finds ['a', 'b', 'c']
#   day = DATE('2024-01-03'): ("day" = 2024-01-03) finds []
#   day <= DATE('2024-01-03'): ("day" <= 2024-01-03) finds []
#   day BETWEEN DATE('2024-01-01') AND DATE('2024-01-31'): ("day" BETWEEN 2024-01-01 AND 2024-01-31) finds []
#   day IN (DATE('2024-01-03')): "day" IN (2024-01-03) finds []
#   the first one in JSON: ("day" > 2024-01-03) finds ['a', 'b', 'c']
#   day > TIMESTAMP('2024-01-03T00:00:00Z'): ("day" > 2024-01-03 00:00:00+00:00) raises
#   day > '2024-01-03': ("day" > '2024-01-03') finds ['c']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pygeofilter==0.4.0' 'shapely==2.2.0'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import sqlite3

from pygeofilter.backends.sql import to_sql_where
from pygeofilter.parsers.cql2_json import parse as parse_json
from pygeofilter.parsers.cql2_text import parse

items = sqlite3.connect(":memory:")
items.execute("CREATE TABLE items (id TEXT, day TEXT)")
items.executemany("INSERT INTO items VALUES (?, ?)", [("a", "2023-12-31"), ("b", "2024-01-03"), ("c", "2024-06-01")])


def show(title, tree):
    condition = to_sql_where(tree, {"day": "day"})
    try:
        found = f"finds {[row[0] for row in items.execute(f'SELECT id FROM items WHERE {condition} ORDER BY id')]}"
    except sqlite3.OperationalError:
        found = "raises"
    print(f"{title}: {condition} {found}")


for text in (
    "day > DATE('2024-01-03')",
    "day = DATE('2024-01-03')",
    "day <= DATE('2024-01-03')",
    "day BETWEEN DATE('2024-01-01') AND DATE('2024-01-31')",
    "day IN (DATE('2024-01-03'))",
):
    show(text, parse(text))
show("the first one in JSON", parse_json({"op": ">", "args": [{"property": "day"}, {"date": "2024-01-03"}]}))
for text in ("day > TIMESTAMP('2024-01-03T00:00:00Z')", "day > '2024-01-03'"):
    show(text, parse(text))
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
day > DATE('2024-01-03'): ("day" > 2024-01-03) finds ['a', 'b', 'c']
day = DATE('2024-01-03'): ("day" = 2024-01-03) finds []
day <= DATE('2024-01-03'): ("day" <= 2024-01-03) finds []
day BETWEEN DATE('2024-01-01') AND DATE('2024-01-31'): ("day" BETWEEN 2024-01-01 AND 2024-01-31) finds []
day IN (DATE('2024-01-03')): "day" IN (2024-01-03) finds []
the first one in JSON: ("day" > 2024-01-03) finds ['a', 'b', 'c']
day > TIMESTAMP('2024-01-03T00:00:00Z'): ("day" > 2024-01-03 00:00:00+00:00) raises
day > '2024-01-03': ("day" > '2024-01-03') finds ['c']
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
