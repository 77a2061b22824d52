#!/usr/bin/env bash
# deltalake 1.6.6, `delete`, `update` and `merge` with a condition that compares a column with a number that its type
# can't hold: whole numbers with 1.5, and a decimal(10, 2) with 1.501.
#
# Guess: they take the rows that deltalake's own query finds by the same condition. No whole number is 1.5, and 1 is
# less than it.
# Seen: the number is cast to the column's type first. So `n = 1.5` deletes the rows of 1, `n < 1.5` leaves them, and
# `n > -1.5` leaves -1. For the decimals 1.501 is 1.50 and 1.509 is 1.51. `update` and `merge` do the same, and so does
# an overwrite by `predicate`. Nothing is raised. In `n < 1.5 + 0` the number is kept. So whether items of a cloud cover
# of 1 go by `eo:cloud_cover < 1.5` depends on whether the first items made the column one of whole numbers.
#
# Output seen:
#   n = 1.5: the query finds [], delete takes [1], update 1 row, merge takes [1]
#   n < 1.5: the query finds [-1, 0, 1], delete takes [-1, 0], update 2 rows, merge takes [-1, 0]
#   n < 1.5 + 0: the query finds [-1, 0, 1], delete takes [-1, 0, 1], update 3 rows, merge takes [-1, 0, 1]
#   n > -1.5: the query finds [-1, 0, 1, 2], delete takes [0, 1, 2], update 3 rows, merge takes [0, 1, 2]
#   n IN (1.5): the query finds [], delete takes [1], update 1 row, merge takes [1]
#   d = 1.501: the query finds [], delete takes [1.50], update 1 row, merge takes [1.50]
#   d > 1.509: the query finds [1.51], delete takes [], update 0 rows, merge takes []
#   -7 overwrites n < 1.5: [-7, 1, 2]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'deltalake==1.6.6' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import sys
from decimal import Decimal

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake

WHOLE = pa.table({"n": pa.array([-1, 0, 1, 2], pa.int64())})
DECIMALS = pa.table({"d": pa.array([Decimal("1.50"), Decimal("1.51")], pa.decimal128(10, 2))})
made = 0


def written(rows):
    global made
    made += 1
    path = f"{sys.argv[1]}/table-{made}"
    write_deltalake(path, rows)
    return DeltaTable(path)


def values(table):
    return sorted(table.column(0).to_pylist())


def taken(rows, table):
    left = values(table.to_pyarrow_table())
    return [value for value in values(rows) if value not in left]


def shown(found):
    return f"[{', '.join(map(str, found))}]"


def compare(rows, condition):
    query = QueryBuilder().register("items", written(rows)).execute(f"SELECT * FROM items WHERE {condition}")
    deleted = written(rows)
    deleted.delete(condition)
    name = rows.column_names[0]
    updated = written(rows).update(predicate=condition, updates={name: name})["num_updated_rows"]
    merged = written(rows)
    merge = merged.merge(pa.table({"any": [1]}), f"t.{condition}", source_alias="s", target_alias="t")
    merge.when_matched_delete().execute()
    print(f"{condition}: the query finds {shown(values(pa.table(query)))}, delete takes {shown(taken(rows, deleted))}, "
          f"update {updated} row{'s' * (updated != 1)}, merge takes {shown(taken(rows, merged))}")


for condition in ("n = 1.5", "n < 1.5", "n < 1.5 + 0", "n > -1.5", "n IN (1.5)"):
    compare(WHOLE, condition)
for condition in ("d = 1.501", "d > 1.509"):
    compare(DECIMALS, condition)
overwritten = written(WHOLE)
write_deltalake(overwritten, pa.table({"n": pa.array([-7], pa.int64())}), mode="overwrite", predicate="n < 1.5")
overwritten.update_incremental()
print(f"-7 overwrites n < 1.5: {shown(values(overwritten.to_pyarrow_table()))}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
n = 1.5: the query finds [], delete takes [1], update 1 row, merge takes [1]
n < 1.5: the query finds [-1, 0, 1], delete takes [-1, 0], update 2 rows, merge takes [-1, 0]
n < 1.5 + 0: the query finds [-1, 0, 1], delete takes [-1, 0, 1], update 3 rows, merge takes [-1, 0, 1]
n > -1.5: the query finds [-1, 0, 1, 2], delete takes [0, 1, 2], update 3 rows, merge takes [0, 1, 2]
n IN (1.5): the query finds [], delete takes [1], update 1 row, merge takes [1]
d = 1.501: the query finds [], delete takes [1.50], update 1 row, merge takes [1.50]
d > 1.509: the query finds [1.51], delete takes [], update 0 rows, merge takes []
-7 overwrites n < 1.5: [-7, 1, 2]
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
