#!/usr/bin/env bash
# pystac 1.15.2, saving a catalog with two items of the same id that belong to two collections.
#
# STAC wants an item's id to be unique in its collection alone.
# Guess: `add_item` or the saving raises, or the two items go to two files.
# Seen: both go to the file `scene/scene.json`, and the second one overwrites the first. The catalog has two links to
# that file. So whoever walks it still counts two items, and finds the second one twice; the first is lost. No error,
# no warning. Two child catalogs of one id fare alike: the first one's items are on the disk, and no link leads there.
#
# Output seen:
#   in memory: ['scene of optical', 'scene of radar']
#   saved and read: ['scene of radar', 'scene of radar']
#   children in memory: ['optical-1', 'radar-1']
#   children saved and read: ['radar-1', 'radar-1']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pystac==1.15.2'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import sys
from datetime import UTC, datetime

import pystac

FOLDER = sys.argv[1]


def item(name, collection=None):
    point = {"type": "Point", "coordinates": [0, 0]}
    return pystac.Item(name, point, [0, 0, 0, 0], datetime(2024, 1, 1, tzinfo=UTC), {}, collection=collection)


def saved(catalog):
    catalog.normalize_and_save(f"{FOLDER}/{catalog.id}", pystac.CatalogType.SELF_CONTAINED)
    return pystac.Catalog.from_file(f"{FOLDER}/{catalog.id}/catalog.json")


def scenes(catalog):
    return sorted(f"{one.id} of {one.collection_id}" for one in catalog.get_items())


def names(catalog):
    return sorted(one.id for one in catalog.get_items(recursive=True))


flat = pystac.Catalog("flat", "two items of one id")
flat.add_items([item("scene", "optical"), item("scene", "radar")])
print("in memory:", scenes(flat))
print("saved and read:", scenes(saved(flat)))
deep = pystac.Catalog("deep", "two children of one id")
for name in ("optical-1", "radar-1"):
    child = pystac.Catalog("2024", "a year")
    deep.add_child(child)
    child.add_item(item(name))
print("children in memory:", names(deep))
print("children saved and read:", names(saved(deep)))
PYTHON
)
echo "$seen"
[ "$seen" = "in memory: ['scene of optical', 'scene of radar']
saved and read: ['scene of radar', 'scene of radar']
children in memory: ['optical-1', 'radar-1']
children saved and read: ['radar-1', 'radar-1']" ] || { echo "this has changed" >&2; exit 1; }
