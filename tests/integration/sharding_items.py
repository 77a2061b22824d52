"""Items for ingests in shards."""

from __future__ import annotations

from typing import Any


def item(number: int, **more: Any) -> dict[str, Any]:
    """Make a small item; `more` replaces members."""
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"i{number:04d}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [1.5, 2.5]},
        "bbox": [1.5, 2.5, 1.5, 2.5],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "number": number},
        "links": [],
        "assets": {},
        **more,
    }
