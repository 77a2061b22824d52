#!/usr/bin/env bash
# rustac 0.9.18, an item with microseconds in its times to JSON and to GeoParquet and back, and one with a leap second.
#
# Guess: the seven times of an item come back from GeoParquet with their microseconds, as from JSON, or the writer says
# that it drops digits. The leap second 2016-12-31T23:59:60Z, which RFC 3339 allows, stays in its year or is refused.
# Seen: the columns are timestamps of milliseconds, and further digits are cut off without a warning, so `updated` comes
# back as an earlier time. The leap second becomes the first instant of the next year, so a search for 2016 finds the
# item in JSON and not in the table.
#
# Output seen:
#   2024-01-01T00:00:00.123999Z
#     json: 2024-01-01T00:00:00.123999Z
#     parquet: 2024-01-01T00:00:00.123Z, in columns of timestamp[ms, tz=UTC]
#   2016-12-31T23:59:60Z
#     json: 2016-12-31T23:59:60Z
#     parquet: 2017-01-01T00:00:00Z, in columns of timestamp[ms, tz=UTC]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'rustac==0.9.18' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import asyncio
import os
import sys

import pyarrow.parquet as pq
import rustac

NAMES = ("datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires")


def collection_of_one(time):
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "item",
        "bbox": [0, 0, 0, 0],
        "geometry": {"type": "Point", "coordinates": [0, 0]},
        "properties": dict.fromkeys(NAMES, time),
        "links": [],
        "assets": {},
    }
    return {"type": "FeatureCollection", "features": [item]}


async def main():
    for time in ("2024-01-01T00:00:00.123999Z", "2016-12-31T23:59:60Z"):
        print(time)
        for ending in ("json", "parquet"):
            path = f"{sys.argv[1]}/items.{ending}"
            await rustac.write(path, collection_of_one(time))
            (found,) = (await rustac.read(path))["features"]
            # Some end in +00:00, which is another finding.
            times = sorted({found["properties"][name].replace("+00:00", "Z") for name in NAMES})
            print(f"  {ending}:", *times, end="")
            if ending == "parquet":
                schema = pq.read_schema(path)
                print(", in columns of", *sorted({str(schema.field(name).type) for name in NAMES}), end="")
            print()


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # rustac's threads and the end of the interpreter can get into each other's way
PYTHON
)
echo "$seen"
[ "$seen" = "2024-01-01T00:00:00.123999Z
  json: 2024-01-01T00:00:00.123999Z
  parquet: 2024-01-01T00:00:00.123Z, in columns of timestamp[ms, tz=UTC]
2016-12-31T23:59:60Z
  json: 2016-12-31T23:59:60Z
  parquet: 2017-01-01T00:00:00Z, in columns of timestamp[ms, tz=UTC]" ] || { echo "this has changed" >&2; exit 1; }
