#!/usr/bin/env bash
# cql2 0.6.0 (Python package), Expr.matches on items that lack the property of a comparison, or have it as null.
#
# Guess: CQL2 (OGC 21-065r2) gives null for a comparison with null, and null counts as false, so an item without
# `cc` just doesn't match `cc < 20`.
# Seen: `matches` raises "Could not reduce expression to boolean" for such an item, and for NOT around the comparison.
# So one item without the property ends a loop over many. A guard in front of it helps, since AND stops early:
# `cc IS NOT NULL AND cc < 20` gives False.
#
# Output seen:
#   cc < 20: a True, b raises, c False, d raises
#   NOT (cc < 20): a False, b raises, c True, d raises
#   cc IS NOT NULL AND cc < 20: a True, b False, c False, d False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'cql2==0.6.0'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import cql2

ITEMS = {"a": {"cc": 5}, "b": {}, "c": {"cc": 50}, "d": {"cc": None}}


def outcome(expression, name):
    try:
        return expression.matches({"type": "Feature", "id": name, "geometry": None, "properties": ITEMS[name]})
    except Exception:  # the package raises no type of its own
        return "raises"


for text in ("cc < 20", "NOT (cc < 20)", "cc IS NOT NULL AND cc < 20"):
    expression = cql2.Expr(text)
    print(f"{text}: " + ", ".join(f"{name} {outcome(expression, name)}" for name in ITEMS))
PYTHON
)
echo "$seen"
[ "$seen" = "cc < 20: a True, b raises, c False, d raises
NOT (cc < 20): a False, b raises, c True, d raises
cc IS NOT NULL AND cc < 20: a True, b False, c False, d False" ] || { echo "this has changed" >&2; exit 1; }
