"""pystac: the item files of a folder become one file, an `ItemCollection`: `FOLDER OUTPUT`."""

import sys
from pathlib import Path

import pystac

folder, output = sys.argv[1:]
paths = sorted(Path(folder).glob("*.json"))
pystac.ItemCollection([pystac.Item.from_file(str(path)) for path in paths]).save_object(output)
