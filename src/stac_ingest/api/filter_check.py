"""A check of the first items received, for filters that the server ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stac_ingest.api.intervals import Interval, parse_instant

if TYPE_CHECKING:
    from stac_ingest.summary import IngestSummary

_MAX_CHECKS = 200
_FLAT, _SOLID = 4, 6
"""Numbers in a bounding box without and with heights."""


class FilterCheck:
    """Notes a filter that the server ignores. It only warns: an item is never dropped for it.

    Attributes:
        remaining: how many more items are compared.

    """

    def __init__(
        self, collection_id: str, bbox: list[float] | None, interval: Interval, summary: IngestSummary
    ) -> None:
        self._collection_id = collection_id
        self._bbox = _flat(bbox)
        self._interval = interval
        self._summary = summary
        self.remaining = _MAX_CHECKS

    def check(self, item: dict[str, Any]) -> None:
        """Compare one item with the search, and note a filter that it doesn't fit."""
        if self.remaining == 0:
            return
        self.remaining -= 1
        collection = item.get("collection")
        if collection is not None and collection != self._collection_id:
            self._note("collections", item, f"collection {collection!r:.80}")
        if self._outside_time(item.get("properties")):
            self._note("datetime", item, "another time")
        box = _flat(item.get("bbox"))
        if self._bbox is not None and box is not None and _apart(self._bbox, box):
            self._note("bbox", item, f"bbox {box}")

    def _note(self, name: str, item: dict[str, Any], actual: str) -> None:
        self._summary.note(f"the server may ignore `{name}`: it sent item {item['id']!r:.80} of {actual}")
        self.remaining = 0

    def _outside_time(self, properties: Any) -> bool:
        if not isinstance(properties, dict) or self._interval == (None, None):
            return False
        instant = parse_instant(properties.get("datetime"))
        first = parse_instant(properties.get("start_datetime")) or instant
        last = parse_instant(properties.get("end_datetime")) or instant
        if first is None or last is None:
            return False
        start, end = self._interval
        return (start is not None and max(first, last) < start) or (end is not None and min(first, last) > end)


def _flat(bbox: Any) -> list[float] | None:
    """West, south, east, north; None for what isn't a box, or crosses the antimeridian and needs more thought."""
    if not isinstance(bbox, list) or not all(isinstance(v, (int, float)) for v in bbox):
        return None
    if len(bbox) == _SOLID:
        bbox = [bbox[0], bbox[1], bbox[3], bbox[4]]
    return bbox if len(bbox) == _FLAT and bbox[0] <= bbox[2] else None


def _apart(one: list[float], other: list[float]) -> bool:
    return one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
