#!/usr/bin/env bash
# cql2 0.6.0 (Python package), Expr.matches of BETWEEN and IN with timestamps.
#
# Guess: `a BETWEEN b AND c` is `a >= b AND a <= c`, and `a IN (b)` is `a = b`, for instants as for numbers.
# Seen: for instants both answer False where the comparisons that they stand for answer True. Nothing is raised, so a
# search of some days by BETWEEN finds no item.
#
# Output seen:
#   n BETWEEN 1 AND 5: True
#   n IN (3, 4): True
#   datetime >= TIMESTAMP('2024-01-01T00:00:00Z') AND datetime <= TIMESTAMP('2024-01-05T00:00:00Z'): True
#   datetime BETWEEN TIMESTAMP('2024-01-01T00:00:00Z') AND TIMESTAMP('2024-01-05T00:00:00Z'): False
#   datetime = TIMESTAMP('2024-01-03T00:00:00Z'): True
#   datetime IN (TIMESTAMP('2024-01-03T00:00:00Z')): False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'cql2==0.6.0'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import cql2

ITEM = {"type": "Feature", "id": "a", "geometry": None, "properties": {"datetime": "2024-01-03T00:00:00Z", "n": 3}}
for text in (
    "n BETWEEN 1 AND 5",
    "n IN (3, 4)",
    "datetime >= TIMESTAMP('2024-01-01T00:00:00Z') AND datetime <= TIMESTAMP('2024-01-05T00:00:00Z')",
    "datetime BETWEEN TIMESTAMP('2024-01-01T00:00:00Z') AND TIMESTAMP('2024-01-05T00:00:00Z')",
    "datetime = TIMESTAMP('2024-01-03T00:00:00Z')",
    "datetime IN (TIMESTAMP('2024-01-03T00:00:00Z'))",
):
    print(f"{text}: {cql2.Expr(text).matches(ITEM)}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
n BETWEEN 1 AND 5: True
n IN (3, 4): True
datetime >= TIMESTAMP('2024-01-01T00:00:00Z') AND datetime <= TIMESTAMP('2024-01-05T00:00:00Z'): True
datetime BETWEEN TIMESTAMP('2024-01-01T00:00:00Z') AND TIMESTAMP('2024-01-05T00:00:00Z'): False
datetime = TIMESTAMP('2024-01-03T00:00:00Z'): True
datetime IN (TIMESTAMP('2024-01-03T00:00:00Z')): False
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
