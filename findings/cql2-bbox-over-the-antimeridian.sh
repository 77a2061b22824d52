#!/usr/bin/env bash
# cql2 0.6.0 (Python package), CQL2 text and JSON, spatial filter evaluated on items in memory.
#
# Guess: a BBOX whose west edge is greater than its east edge crosses the antimeridian, as GeoJSON (RFC 7946, 5.2) and
# STAC API say, so BBOX(170,-5,-170,5) holds a point at 175 degrees and not one at 0.
# Seen: it is the other way round. The two edges are taken as the corners of a plain rectangle, whichever comes first:
# the filter matches the 340 degrees that the box leaves out, and none of the 20 that it covers.
#
# Output seen:
#   BBOX(170,-5,-170,5): at 0 True, at 175 False
#   BBOX(-170,-5,170,5): at 0 True, at 175 False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'cql2==0.6.0'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import cql2


def item(longitude):
    point = {"type": "Point", "coordinates": [longitude, 0]}
    return {"type": "Feature", "id": "a", "geometry": point, "properties": {}}


for box in ("BBOX(170,-5,-170,5)", "BBOX(-170,-5,170,5)"):
    expression = cql2.Expr(f"S_INTERSECTS(geometry, {box})")
    print(f"{box}: at 0 {expression.matches(item(0))}, at 175 {expression.matches(item(175))}")
PYTHON
)
echo "$seen"
[ "$seen" = "BBOX(170,-5,-170,5): at 0 True, at 175 False
BBOX(-170,-5,170,5): at 0 True, at 175 False" ] || { echo "this has changed" >&2; exit 1; }
