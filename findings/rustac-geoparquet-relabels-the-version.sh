#!/usr/bin/env bash
# rustac 0.9.18, writing STAC 1.0.0 items to GeoParquet.
#
# Guess: `stac_version` is kept, as it is when the same items go to JSON; or the items are migrated to 1.1.0 as a whole,
# `eo:bands` to `bands` with it.
# Seen: the file says 1.1.0 for each item, and nothing else is migrated: an item labelled 1.1.0 that has `eo:bands`.
# To JSON it stays 1.0.0.
#
# Output seen:
#   json: 1.0.0 ['eo:bands']
#   parquet: 1.1.0 ['eo:bands']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'rustac==0.9.18'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import asyncio
import os
import sys

import rustac

ITEM = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "stac_extensions": ["https://stac-extensions.github.io/eo/v1.1.0/schema.json"],
    "id": "a",
    "bbox": [0, 0, 0, 0],
    "geometry": {"type": "Point", "coordinates": [0, 0]},
    "properties": {"datetime": "2024-01-01T00:00:00Z", "eo:bands": [{"name": "B04", "common_name": "red"}]},
    "links": [],
    "assets": {},
}


async def main():
    for suffix in ("json", "parquet"):
        path = f"{sys.argv[1]}/items.{suffix}"
        await rustac.write(path, {"type": "FeatureCollection", "features": [ITEM]})
        (item,) = (await rustac.read(path))["features"]
        print(f"{suffix}: {item['stac_version']} {[name for name in item['properties'] if 'bands' in name]}")


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # rustac's threads and the end of the interpreter can get into each other's way
PYTHON
)
echo "$seen"
[ "$seen" = "json: 1.0.0 ['eo:bands']
parquet: 1.1.0 ['eo:bands']" ] || { echo "this has changed" >&2; exit 1; }
