#!/usr/bin/env bash
# pystac 1.15.2, Extent.from_items (and so Collection.update_extent_from_items) with items whose bbox has heights.
#
# Guess: a 3D bbox [west, south, low, east, north, high] takes part with its west, south, east and north; the extent is
# 3D, or 2D and right.
# Seen: its first four numbers are taken as a 2D box. So the lowest height stands for the east, and the east for the
# north: items from 5 to 10 degrees east give an extent that ends at -30 degrees east. No error, no warning.
#
# Output seen:
#   one item with heights: [5, 40, -30, 10]
#   with a flat one: [5, 40, 12, 47]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pystac==1.15.2'

seen=$("$folder/env/bin/python" - <<'PYTHON'
from datetime import UTC, datetime

import pystac


def item(name, bbox):
    point = {"type": "Point", "coordinates": bbox[: len(bbox) // 2]}
    return pystac.Item(name, point, bbox, datetime(2024, 1, 1, tzinfo=UTC), {})


heights, flat = item("heights", [5, 40, -30, 10, 45, 2500]), item("flat", [11, 46, 12, 47])
print("one item with heights:", *pystac.Extent.from_items([heights]).spatial.bboxes)
print("with a flat one:", *pystac.Extent.from_items([heights, flat]).spatial.bboxes)
PYTHON
)
echo "$seen"
[ "$seen" = "one item with heights: [5, 40, -30, 10]
with a flat one: [5, 40, 12, 47]" ] || { echo "this has changed" >&2; exit 1; }
