#!/usr/bin/env bash
# rustac 0.9.18, reading an NDJSON file of one line.
#
# Guess: `read` gives an ItemCollection for each `.ndjson` file, as it does for the Parquet and JSON files that hold an
# ItemCollection of one item: the format is a list.
# Seen: one line gives a bare Item, two lines an ItemCollection. So `read(path)["features"]` fails for the one part of a
# partitioned export that happens to hold a single item. `write` made the file from an ItemCollection in both cases.
#
# Output seen:
#   1 item: ndjson Feature, json FeatureCollection, parquet FeatureCollection
#   2 items: ndjson FeatureCollection, json FeatureCollection, parquet FeatureCollection
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


def item(number):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"item-{number}",
        "bbox": [0, 0, 0, 0],
        "geometry": {"type": "Point", "coordinates": [0, 0]},
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
    }


async def main():
    for count in (1, 2):
        types = []
        for suffix in ("ndjson", "json", "parquet"):
            path = f"{sys.argv[1]}/{count}.{suffix}"
            await rustac.write(path, {"type": "FeatureCollection", "features": list(map(item, range(count)))})
            types.append(f"{suffix} {(await rustac.read(path))['type']}")
        print(f"{count} item{'s' * (count > 1)}: {', '.join(types)}")


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # rustac's threads and the end of the interpreter can get into each other's way
PYTHON
)
echo "$seen"
[ "$seen" = "1 item: ndjson Feature, json FeatureCollection, parquet FeatureCollection
2 items: ndjson FeatureCollection, json FeatureCollection, parquet FeatureCollection" ] || { echo "this has changed" >&2; exit 1; }
