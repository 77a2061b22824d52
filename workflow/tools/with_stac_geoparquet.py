"""stac-geoparquet, by its own functions, after its documentation.

`write LINES TABLE`, `read TABLE LINES`, `search TABLE LINES BBOX DATETIME` with pyarrow's filters, and
`fetch API TABLE COLLECTION` with pystac-client.
"""

import sys
from datetime import datetime

from stac_geoparquet import arrow

task, source, output, *more = sys.argv[1:]

if task == "write":
    arrow.parse_stac_ndjson_to_parquet(source, output)
elif task == "fetch":
    from pystac_client import Client

    items = Client.open(source).search(collections=more, limit=100).items_as_dicts()
    arrow.parse_stac_items_to_parquet(items, output_path=output)
else:
    import pyarrow.parquet as pq
    from pyarrow.dataset import field

    wanted = None
    if task == "search":
        west, south, east, north = map(float, more[0].split(","))
        first, last = map(datetime.fromisoformat, more[1].split("/"))
        time = field("datetime")
        wanted = (field("bbox", "xmax") >= west) & (field("bbox", "xmin") <= east)
        wanted &= (field("bbox", "ymax") >= south) & (field("bbox", "ymin") <= north)
        wanted &= (time >= first) & (time <= last)
    arrow.stac_table_to_ndjson(pq.read_table(source, filters=wanted), output)
