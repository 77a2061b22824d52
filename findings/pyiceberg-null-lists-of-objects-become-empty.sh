#!/usr/bin/env bash
# pyiceberg 0.12.0, a null in a column of lists of structs, or of maps to structs.
#
# Guess: what is appended as null is read back as null, as in a column of lists of texts.
# Seen: it comes back as an empty list, or an empty map, where another row of the file has a value. A list of texts keeps
# its null. An item without `bands` so gets `"bands": []` once an item with some is in its file.
#
# Output seen:
#   bands: [[{'name': 'red'}], []]
#   roles: [['data'], None]
#   extra: [[('k', {'name': 'red'})], []]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" 2>/dev/null <<'PYTHON'
import sys
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

folder = sys.argv[1]
catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("n")
KIND = {
    "bands": pa.list_(pa.struct([("name", pa.string())])),
    "roles": pa.list_(pa.string()),
    "extra": pa.map_(pa.string(), pa.struct([("name", pa.string())])),
}
VALUE = {"bands": [{"name": "red"}], "roles": ["data"], "extra": [("k", {"name": "red"})]}
for name, kind in KIND.items():
    rows = pa.table({"id": ["a", "b"], name: pa.array([VALUE[name], None], kind)})
    table = catalog.create_table(f"n.{name}", schema=rows.schema)
    table.append(rows)
    print(f"{name}: {table.scan().to_arrow().sort_by('id')[name].to_pylist()}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
bands: [[{'name': 'red'}], []]
roles: [['data'], None]
extra: [[('k', {'name': 'red'})], []]
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
