"""The collection that the generated items belong to."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.corpora.inventory import Entry, entry_of
from ingest_bench.corpora.items import API, COLLECTION, EXTENSIONS
from ingest_bench.corpora.scenes import DAYS, START


def collection() -> dict[str, Any]:
    """Give a valid STAC Collection; its extent holds every item."""
    href = f"{API}/collections/{COLLECTION}"
    end = START + timedelta(days=DAYS + 2)
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "stac_extensions": EXTENSIONS,
        "id": COLLECTION,
        "title": "Sentinel-2 Level-2A (generated)",
        "description": "Generated items that look like Sentinel-2 Level-2A products. There are no data behind them.",
        "keywords": ["sentinel", "earth observation", "generated"],
        "license": "other",
        "providers": [{"name": "stac-ingest-bench", "roles": ["producer", "host"], "url": "https://stac.example.com"}],
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [[_day(START), _day(end)]]},
        },
        "summaries": {
            "platform": ["sentinel-2a", "sentinel-2b"],
            "constellation": ["sentinel-2"],
            "instruments": ["msi"],
        },
        "links": [
            {"rel": "self", "type": "application/json", "href": href},
            {"rel": "parent", "type": "application/json", "href": API},
            {"rel": "root", "type": "application/json", "href": API},
            {"rel": "items", "type": "application/geo+json", "href": f"{href}/items"},
            {"rel": "license", "type": "text/html", "href": "https://stac.example.com/license"},
        ],
    }


def write_collection(folder: Path) -> Entry:
    """Write `collection.json` into a corpus, and return its entry."""
    data = orjson.dumps(collection())
    (folder / "collection.json").write_bytes(data)
    return entry_of("collection.json", data)


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%dT00:00:00Z}"
