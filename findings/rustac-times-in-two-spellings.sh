#!/usr/bin/env bash
# rustac 0.9.18, an item to GeoParquet and back.
#
# Guess: all times of an item come back in one spelling, since all were written in one, with a Z.
# Seen: `datetime`, `start_datetime` and `end_datetime` end in Z; `created`, `updated`, `published` and `expires`, which
# are timestamps in the table too, end in +00:00. The instants are the same; a comparison of texts, or a sort of them, sees
# two kinds of times in one item.
#
# Output seen:
#   Z: datetime end_datetime start_datetime
#   +00:00: created expires published updated
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

TIMES = ("datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires")
item = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "item",
    "bbox": [0, 0, 0, 0],
    "geometry": {"type": "Point", "coordinates": [0, 0]},
    "properties": dict.fromkeys(TIMES, "2024-01-01T00:00:00Z"),
    "links": [],
    "assets": {},
}


async def main():
    path = f"{sys.argv[1]}/items.parquet"
    await rustac.write(path, {"type": "FeatureCollection", "features": [item]})
    (found,) = (await rustac.read(path))["features"]
    for ending in ("Z", "+00:00"):
        print(f"{ending}:", *sorted(name for name in TIMES if found["properties"][name].endswith(ending)))


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # rustac's threads and the end of the interpreter can get into each other's way
PYTHON
)
echo "$seen"
[ "$seen" = "Z: datetime end_datetime start_datetime
+00:00: created expires published updated" ] || { echo "this has changed" >&2; exit 1; }
