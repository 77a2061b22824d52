#!/usr/bin/env bash
# geopandas 1.2.0 and sedonadb 0.5.0 on a STAC-GeoParquet file that rustac 0.9.18 wrote: items over the antimeridian.
#
# The file names the item's own `bbox` column as GeoParquet 1.1 `covering`. Of an item over the antimeridian it has
# xmin 170 and xmax -170, as RFC 7946 and STAC say. Its geometry is cut at 180 degrees into two polygons.
# Guess: a filter finds the item on both sides: readers know of xmin > xmax, or look at the geometry in the end.
# Seen: geopandas' `read_parquet(bbox=...)` compares xmin and xmax alone and finds it on neither side. SedonaDB's
# ST_Intersects finds it east of 170, and loses it west of -170: statistics of xmin rule the row group out, though the
# geometry intersects. No error, no warning. Without a covering (or without the filter) the item is there.
#
# Output seen:
#   geopandas 160 to 179: ['fiji']
#   geopandas -179 to -160: []
#   sedonadb 160 to 179: ['fiji', 'over']
#   sedonadb -179 to -160: []
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  'rustac==0.9.18' 'geopandas==1.2.0' 'pyarrow==26.0.1' 'sedonadb==0.5.0' 'geoarrow-pyarrow==0.3.0' 'geoarrow-pandas==0.1.3'

seen=$("$folder/env/bin/python" -W ignore - "$folder/items.parquet" <<'PYTHON'
import asyncio
import os
import sys

import geopandas
import rustac
import sedonadb

PATH = sys.argv[1]


def ring(west, south, east, north):
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def item(name, bbox, geometry):
    properties = {"datetime": "2024-01-01T00:00:00Z"}
    return {"type": "Feature", "stac_version": "1.1.0", "id": name, "bbox": bbox, "geometry": geometry,
            "properties": properties, "links": [], "assets": {}}


OVER = {"type": "MultiPolygon", "coordinates": [ring(170, -10, 180, 10), ring(-180, -10, -170, 10)]}
ITEMS = [
    item("over", [170, -10, -170, 10], OVER),
    item("fiji", [177, -19, 178, -17], {"type": "Polygon", "coordinates": ring(177, -19, 178, -17)}),
    item("alps", [5, 40, 10, 45], {"type": "Polygon", "coordinates": ring(5, 40, 10, 45)}),
]
BOXES = ([160, -20, 179, 20], [-179, -20, -160, 20])


async def write():
    await rustac.write(PATH, {"type": "FeatureCollection", "features": ITEMS})


asyncio.run(write())
for box in BOXES:
    print(f"geopandas {box[0]} to {box[2]}: {sorted(geopandas.read_parquet(PATH, bbox=box)['id'])}")
database = sedonadb.connect()
database.read_parquet(PATH).to_view("items")
for west, south, east, north in BOXES:
    corners = ", ".join(f"{x} {y}" for x, y in ring(west, south, east, north)[0])
    area = f"ST_SetSRID(ST_GeomFromText('POLYGON(({corners}))'), 4326)"
    rows = database.sql(f"SELECT id FROM items WHERE ST_Intersects(geometry, {area})").to_pandas()
    print(f"sedonadb {west} to {east}: {sorted(rows['id'])}")
sys.stdout.flush()
os._exit(0)  # rustac's threads and the end of the interpreter can get into each other's way
PYTHON
)
echo "$seen"
[ "$seen" = "geopandas 160 to 179: ['fiji']
geopandas -179 to -160: []
sedonadb 160 to 179: ['fiji', 'over']
sedonadb -179 to -160: []" ] || { echo "this has changed" >&2; exit 1; }
