#!/usr/bin/env bash
# pyarrow 26.0.1, `pa.array` of JSON values in which a truth value stands among numbers.
#
# Guess: a truth value and a number share no column: it raises whatever the order, or never.
# Seen: at the top the order decides: True behind a float becomes 1.0 without a word, a float behind True raises. Inside
# of objects it becomes 1.0 in either order. Beside whole numbers it raises in either order. So whether items with `1.5`
# in one and `true` in the next lose the difference depends on depth, order and a decimal point.
#
# Output seen:
#   [1.5, True]: [1.5, 1.0]
#   [True, 1.5]: raises
#   [1, True]: raises
#   [True, 1]: raises
#   [{'a': 1.5}, {'a': True}]: [{'a': 1.5}, {'a': 1.0}]
#   [{'a': True}, {'a': 1.5}]: [{'a': 1.0}, {'a': 1.5}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import pyarrow as pa


def column(values):
    try:
        return pa.array(values).to_pylist()
    except (pa.ArrowException, TypeError):
        return "raises"


PAIRS = ([1.5, True], [1, True], [{"a": 1.5}, {"a": True}])
for values in (ordered for pair in PAIRS for ordered in (pair, pair[::-1])):
    print(f"{values}: {column(values)}")
PYTHON
)
echo "$seen"
[ "$seen" = "[1.5, True]: [1.5, 1.0]
[True, 1.5]: raises
[1, True]: raises
[True, 1]: raises
[{'a': 1.5}, {'a': True}]: [{'a': 1.5}, {'a': 1.0}]
[{'a': True}, {'a': 1.5}]: [{'a': 1.0}, {'a': 1.5}]" ] || { echo "this has changed" >&2; exit 1; }
