#!/usr/bin/env bash
# antimeridian 0.4.9, `fix_polygon` and `bbox` of a footprint that ends at the antimeridian without crossing it, from 170
# degrees east to 180, the end of which is written as -180, or as one of each.
#
# Guess: the one polygon from 170 to 180 comes back, and its bbox is [170, -5, 180, 5], however the meridian is written.
# Seen: with -180 at both corners a second polygon without an area comes along on the other side. The whole is invalid,
# and the bbox ends at -180, as that of an item does that crosses the antimeridian. So does the mirror image that begins
# at 180. No warning is given. With one corner at each, or a single corner on the meridian, it is right.
#
# Output seen:
#   180, 180: Polygon, valid True, areas [100], bbox [170, -5, 180, 5]
#   -180, -180: MultiPolygon, valid False, areas [100, 0], bbox [170, -5, -180, 5]
#   180, -180: Polygon, valid True, areas [100], bbox [170, -5, 180, 5]
#   one corner at -180: Polygon, valid True, areas [50], bbox [170, -5, 180, 5]
#   from 180 to -170: MultiPolygon, valid False, areas [0, 100], bbox [180, -5, -170, 5]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'antimeridian==0.4.9' 'shapely==2.2.0'

seen=$("$folder/env/bin/python" -W error - <<'PYTHON'
import antimeridian
from shapely import Polygon

FOOTPRINTS = {
    "180, 180": [(170, -5), (180, -5), (180, 5), (170, 5)],
    "-180, -180": [(170, -5), (-180, -5), (-180, 5), (170, 5)],
    "180, -180": [(170, -5), (180, -5), (-180, 5), (170, 5)],
    "one corner at -180": [(170, -5), (-180, 0), (170, 5)],
    "from 180 to -170": [(180, -5), (-170, -5), (-170, 5), (180, 5)],
}
for title, corners in FOOTPRINTS.items():
    fixed = antimeridian.fix_polygon(Polygon(corners))
    areas = [round(part.area) for part in getattr(fixed, "geoms", [fixed])]
    box = [round(number) for number in antimeridian.bbox(fixed)]
    print(f"{title}: {fixed.geom_type}, valid {fixed.is_valid}, areas {areas}, bbox {box}")
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
180, 180: Polygon, valid True, areas [100], bbox [170, -5, 180, 5]
-180, -180: MultiPolygon, valid False, areas [100, 0], bbox [170, -5, -180, 5]
180, -180: Polygon, valid True, areas [100], bbox [170, -5, 180, 5]
one corner at -180: Polygon, valid True, areas [50], bbox [170, -5, 180, 5]
from 180 to -170: MultiPolygon, valid False, areas [0, 100], bbox [180, -5, -170, 5]
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
