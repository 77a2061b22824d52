#!/usr/bin/env bash
# pyiceberg 0.12.0, one filter text in `scan` and in `delete`, on a table partitioned by the column and on a plain one.
#
# Guess: `delete(filter)` takes the rows that `scan(filter)` finds, and whether a table is partitioned changes how fast
# that goes and nothing else. A null is in neither `x != 'a'` nor `x not in ('a', 'z')`, as in SQL.
# Seen: `x != 'a'` finds no null. `delete` leaves the null in the plain table, and takes it from the partitioned one,
# where the row is lost without a word. `x not in ('a', 'z')` does find the null: there it is the plain table's `delete`
# that leaves what the scan found. So `x != 'a'`, meant to drop the items of all other collections, also drops those of
# none, where the table is partitioned by collection.
#
# Output seen:
#   x != 'a', plain: the scan finds ['b'], the delete takes ['b']
#   x != 'a', partitioned: the scan finds ['b'], the delete takes ['b', 'null']
#   x not in ('a', 'z'), plain: the scan finds ['b', 'null'], the delete takes ['b']
#   x not in ('a', 'z'), partitioned: the scan finds ['b', 'null'], the delete takes ['b', 'null']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" 2>/dev/null <<'PYTHON'
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import IdentityTransform

folder = sys.argv[1]
catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("n")
ROWS = pa.table({"id": ["a", "b", "null"], "x": ["a", "b", None]})


def rows(table, **scan):
    return sorted(table.scan(**scan).to_arrow()["id"].to_pylist())


for number, text in enumerate(("x != 'a'", "x not in ('a', 'z')")):
    for kind in ("plain", "partitioned"):
        table = catalog.create_table(f"n.{kind}{number}", ROWS.schema)
        if kind == "partitioned":
            with table.update_spec() as spec:
                spec.add_field("x", IdentityTransform(), "x_part")
        table.append(ROWS)
        found = rows(table, row_filter=text)
        table.delete(text)
        taken = sorted({"a", "b", "null"}.difference(rows(table)))
        print(f"{text}, {kind}: the scan finds {found}, the delete takes {taken}")
PYTHON
)
echo "$seen"
[ "$seen" = "x != 'a', plain: the scan finds ['b'], the delete takes ['b']
x != 'a', partitioned: the scan finds ['b'], the delete takes ['b', 'null']
x not in ('a', 'z'), plain: the scan finds ['b', 'null'], the delete takes ['b']
x not in ('a', 'z'), partitioned: the scan finds ['b', 'null'], the delete takes ['b', 'null']" ] || { echo "this has changed" >&2; exit 1; }
