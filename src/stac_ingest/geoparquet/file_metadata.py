"""What our files say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from stac_ingest.geoparquet.column_names import places_of
from stac_ingest.geoparquet.geo_metadata import GeoSummary
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.stac_schema import PLACES, PLACES_KEY

STAC_GEOPARQUET_VERSION = "1.1.0"
STAC_KEY = "stac-geoparquet"
"""The key of a file's metadata that the STAC-GeoParquet specification has."""
_COLLECTION_BYTES = 1 << 20


def file_metadata(
    geo: GeoSummary,
    names: Mapping[Slot, str],
    more_geometries: Iterable[str],
    *,
    covering: str | None = None,
    collections: Mapping[str, Any] | None = None,
    layout: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Give the metadata of a file, as JSON by key.

    Args:
        geo: knows the geometries.
        names: of the columns.
        more_geometries: columns that are geometries too.
        covering: the column of boxes that cover the geometries; None where it is the items' own, or there is none.
        collections: their documents by id, where there are any; left out where they are too much for every reader.
        layout: what our reader has to know of how the rows are laid out, where they are.

    """
    more = [name for name in names.values() if name in set(more_geometries)]
    about: dict[str, Any] = {"version": STAC_GEOPARQUET_VERSION}
    if collections and len(json.dumps(dict(collections))) <= _COLLECTION_BYTES:
        about["collections"] = dict(collections)
    return {
        "geo": geo.metadata(names.values(), more, covering),
        STAC_KEY: json.dumps(about),
        PLACES_KEY: json.dumps({PLACES: places_of(names), **(layout or {})}),
    }
