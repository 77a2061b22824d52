#!/usr/bin/env bash
# rustac 0.9.18, writing items to GeoParquet that have a property with the name of a top-level field.
#
# The JSON Schema of an item allows a property called `id` or `collection`.
# Guess: the item's own `id` and `collection` win, and the property is lost, as the warning says: "dropping invalid
# property: id".
# Seen: it is the other way round. The property's value is in the file's `id` column, and the item's own id is nowhere.
# So two items with the same property `id` are one to whoever reads the file, and an item moves to another collection.
# In JSON and NDJSON both stay.
#
# Output seen:
#   json: a of c, b of c
#   ndjson: a of c, b of c
#   warning: dropping invalid property: id
#   warning: dropping invalid property: collection
#   warning: dropping invalid property: id
#   parquet: x of tiles, x of c
#   column id: ['x', 'x']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'rustac==0.9.18' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import asyncio
import logging
import os
import sys

import pyarrow.parquet as pq
import rustac

logging.basicConfig(stream=sys.stdout, format="warning: %(message)s")


def item(name, **more):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "collection": "c",
        "bbox": [0, 0, 0, 0],
        "geometry": {"type": "Point", "coordinates": [0, 0]},
        "properties": {"datetime": "2024-01-01T00:00:00Z", **more},
        "links": [],
        "assets": {},
    }


ITEMS = [item("a", id="x", collection="tiles"), item("b", id="x")]


async def main():
    for suffix in ("json", "ndjson", "parquet"):
        path = f"{sys.argv[1]}/items.{suffix}"
        await rustac.write(path, {"type": "FeatureCollection", "features": ITEMS})
        found = (await rustac.read(path))["features"]
        print(f"{suffix}: " + ", ".join(f"{one['id']} of {one['collection']}" for one in found))
    print("column id:", pq.read_table(path, columns=["id"])["id"].to_pylist())


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # rustac's threads and the end of the interpreter can get into each other's way
PYTHON
)
echo "$seen"
[ "$seen" = "json: a of c, b of c
ndjson: a of c, b of c
warning: dropping invalid property: id
warning: dropping invalid property: collection
warning: dropping invalid property: id
parquet: x of tiles, x of c
column id: ['x', 'x']" ] || { echo "this has changed" >&2; exit 1; }
