#!/usr/bin/env bash
# vortex-data 0.93.0, a filter on a column of floats that holds -0.0, such as the east edge of a box that ends on the
# meridian of Greenwich: a rounding of -0.0001 to two places gives it, and JSON keeps its sign.
#
# Guess: -0.0 equals 0.0, as in the comparisons of IEEE 754 and in pyarrow, so `east >= 0` holds for both.
# Seen: Vortex compares floats as the total order of IEEE 754 does. -0.0 is less than 0.0 and doesn't equal it, so
# `east >= 0` and `east == 0` lose the item, and `east < 0` finds it. NaN is greater than any number. `to_dataset`, which
# stands in for a dataset of pyarrow, answers the same expression of pyarrow in this way too.
#
# Output seen:
#   == 0: vortex ['zero'], its dataset ['zero'], pyarrow ['minus', 'zero']
#   >= 0: vortex ['nan', 'one', 'zero'], its dataset ['nan', 'one', 'zero'], pyarrow ['minus', 'one', 'zero']
#   < 0: vortex ['minus'], its dataset ['minus'], pyarrow []
#   the value read back: -0.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'vortex-data==0.93.0' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder/boxes.vortex" <<'PYTHON'
import operator
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import vortex
from vortex.expr import column

rows = pa.table({"id": ["minus", "zero", "one", "nan"], "east": [round(-0.0001, 2), 0.0, 1.0, float("nan")]})
vortex.io.write(vortex.array(rows), sys.argv[1])
file = vortex.open(sys.argv[1])


def names(table):
    return sorted(table.column("id").to_pylist())


for sign, compare in (("==", operator.eq), (">=", operator.ge), ("<", operator.lt)):
    own = names(file.scan(["id"], expr=compare(column("east"), 0.0)).read_all().to_arrow_table())
    expression = compare(ds.field("east"), 0.0)
    standing_in, plain = (
        names(dataset.to_table(columns=["id"], filter=expression)) for dataset in (file.to_dataset(), ds.dataset(rows))
    )
    print(f"{sign} 0: vortex {own}, its dataset {standing_in}, pyarrow {plain}")
print(f"the value read back: {file.scan().read_all().to_arrow_table()['east'][0]}")
PYTHON
)
echo "$seen"
[ "$seen" = "== 0: vortex ['zero'], its dataset ['zero'], pyarrow ['minus', 'zero']
>= 0: vortex ['nan', 'one', 'zero'], its dataset ['nan', 'one', 'zero'], pyarrow ['minus', 'one', 'zero']
< 0: vortex ['minus'], its dataset ['minus'], pyarrow []
the value read back: -0.0" ] || { echo "this has changed" >&2; exit 1; }
