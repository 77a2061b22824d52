#!/usr/bin/env bash
# polars 2.1.0, `IS NOT TRUE` and `IS NOT FALSE` in its SQL, on three items: `deprecated` is true in one, false in one,
# and missing in one, which STAC takes for false. SQLite and DuckDB 2.0.1 beside it.
#
# Guess: neither is ever null, as in standard SQL and PostgreSQL, so that `deprecated IS NOT TRUE` keeps the item
# without the property. What to do with nulls is all that sets it apart from `deprecated <> TRUE`.
# Seen: the item is lost. A null stays null in `IS NOT TRUE` and in `IS TRUE`, so `NOT (deprecated IS TRUE)` loses it
# as well, and so does a comparison in the place of the column. `sql_expr` is the same. By `IS DISTINCT FROM TRUE` or
# COALESCE Polars keeps what the others keep.
#
# Output seen:
#   deprecated IS NOT TRUE: sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new']
#   NOT (deprecated IS TRUE): sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new']
#   deprecated IS NOT FALSE: sqlite ['old', 'plain'], duckdb ['old', 'plain'], polars ['old']
#   (cc > 50) IS NOT TRUE: sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new']
#   deprecated IS DISTINCT FROM TRUE: sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new', 'plain']
#   NOT COALESCE(deprecated, FALSE): sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new', 'plain']
#   sql_expr: ['new'], of null None
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'polars==2.1.0' 'duckdb==2.0.1'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import sqlite3

import duckdb
import polars

ROWS = [("old", True, 90), ("new", False, 10), ("plain", None, None)]
FRAME = polars.DataFrame(ROWS, schema=["id", "deprecated", "cc"], orient="row")
DATABASES = {"sqlite": sqlite3.connect(":memory:"), "duckdb": duckdb.connect()}

for database in DATABASES.values():
    database.execute("CREATE TABLE items (id TEXT, deprecated BOOLEAN, cc INTEGER)")
    database.executemany("INSERT INTO items VALUES (?, ?, ?)", ROWS)
for condition in (
    "deprecated IS NOT TRUE",
    "NOT (deprecated IS TRUE)",
    "deprecated IS NOT FALSE",
    "(cc > 50) IS NOT TRUE",
    "deprecated IS DISTINCT FROM TRUE",
    "NOT COALESCE(deprecated, FALSE)",
):
    query = f"SELECT id FROM items WHERE {condition} ORDER BY id"
    found = {name: [row[0] for row in database.execute(query).fetchall()] for name, database in DATABASES.items()}
    found["polars"] = polars.SQLContext(items=FRAME).execute(query, eager=True)["id"].to_list()
    print(f"{condition}: {', '.join(f'{name} {ids}' for name, ids in found.items())}")
expression = polars.sql_expr("deprecated IS NOT TRUE")
print(f"sql_expr: {sorted(FRAME.filter(expression)['id'])}, of null {FRAME.select(expression).to_series()[2]}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
deprecated IS NOT TRUE: sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new']
NOT (deprecated IS TRUE): sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new']
deprecated IS NOT FALSE: sqlite ['old', 'plain'], duckdb ['old', 'plain'], polars ['old']
(cc > 50) IS NOT TRUE: sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new']
deprecated IS DISTINCT FROM TRUE: sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new', 'plain']
NOT COALESCE(deprecated, FALSE): sqlite ['new', 'plain'], duckdb ['new', 'plain'], polars ['new', 'plain']
sql_expr: ['new'], of null None
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
