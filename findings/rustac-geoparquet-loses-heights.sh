#!/usr/bin/env bash
# rustac 0.9.18, writing items with 3D geometries to GeoParquet.
#
# Guess: the third coordinate is kept: GeoParquet's WKB and its `geometry_types` know of "Point Z", and the item's bbox
# keeps its heights.
# Seen: each geometry is made flat without a warning: the WKB of a point has 21 bytes instead of 29, `geometry_types`
# says "Point", and the item that comes back has two coordinates. Its `bbox` has six numbers still, and the file's
# covering names `zmin` and `zmax`. In JSON and NDJSON the height stays.
#
# Output seen:
#   json: [7.0, 46.0, 1200.0], bbox of 6
#   ndjson: [7.0, 46.0, 1200.0], bbox of 6
#   parquet: [7.0, 46.0], bbox of 6
#   in the file: 21 bytes, ['Point'], covering ['xmax', 'xmin', 'ymax', 'ymin', 'zmax', 'zmin']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'rustac==0.9.18' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import asyncio
import json
import os
import sys

import pyarrow.parquet as pq
import rustac


def item(name, *point):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "bbox": [*point, *point],
        "geometry": {"type": "Point", "coordinates": point},
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
    }


ITEMS = [item("hut", 7, 46, 1200), item("peak", 8, 47, 4000)]


async def main():
    for suffix in ("json", "ndjson", "parquet"):
        path = f"{sys.argv[1]}/items.{suffix}"
        await rustac.write(path, {"type": "FeatureCollection", "features": ITEMS})
        hut = (await rustac.read(path))["features"][0]
        print(f"{suffix}: {hut['geometry']['coordinates']}, bbox of {len(hut['bbox'])}")
    column = json.loads(pq.read_metadata(path).metadata[b"geo"])["columns"]["geometry"]
    size = len(pq.read_table(path, columns=["geometry"])["geometry"][0].as_py())
    print(f"in the file: {size} bytes, {column['geometry_types']}, covering {sorted(column['covering']['bbox'])}")


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # rustac's threads and the end of the interpreter can get into each other's way
PYTHON
)
echo "$seen"
[ "$seen" = "json: [7.0, 46.0, 1200.0], bbox of 6
ndjson: [7.0, 46.0, 1200.0], bbox of 6
parquet: [7.0, 46.0], bbox of 6
in the file: 21 bytes, ['Point'], covering ['xmax', 'xmin', 'ymax', 'ymin', 'zmax', 'zmin']" ] || { echo "this has changed" >&2; exit 1; }
