"""pystac: the items that a static catalog leads to become one file, an `ItemCollection`: `URL OUTPUT`."""

import sys

import pystac

url, output = sys.argv[1:]
pystac.ItemCollection(pystac.Catalog.from_file(url).get_items(recursive=True)).save_object(output)
