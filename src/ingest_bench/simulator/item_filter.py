"""The filter of a search, and the index that finds the items."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest_bench.simulator.item_store import Store
from ingest_bench.simulator.options import Options
from ingest_bench.simulator.timestamps import parse_instant

Mask = NDArray[np.bool_]

_REMEMBERED = 64
"""Searches whose result is kept: the pages of a cursor come one by one."""

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "in": lambda value, wanted: value in wanted,
    "startsWith": lambda value, wanted: value.startswith(wanted),
    "endsWith": lambda value, wanted: value.endswith(wanted),
    "contains": lambda value, wanted: wanted in value,
}
"""Of the query extension."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of the query extension."""

    name: str
    """Of an item's property."""
    operator: str
    value: Any

    def holds(self, value: Any) -> bool:
        """Whether the value matches; an item without the property, or with another kind of value, doesn't."""
        try:
            return value is not None and bool(OPERATORS[self.operator](value, self.value))
        except (TypeError, AttributeError):
            return False


@dataclass(frozen=True, slots=True)
class Filter:
    """The conditions of a search, all of which must hold; None sets no condition."""

    collections: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    interval: tuple[int, int] | None = None
    """Closed, microseconds since 1970."""
    box: tuple[float, ...] | None = None
    """West, south, bottom, east, north, top; west of its west when it crosses the antimeridian."""
    intersects: str | None = None
    """A GeoJSON geometry."""
    query: tuple[Condition, ...] = ()
    expression: str | None = None
    """CQL2 JSON."""
    order: tuple[tuple[str, bool], ...] = ()
    """Fields to sort by, and whether each is descending; else the items come newest first."""


class ItemIndex:
    """Finds the items that match a filter, newest first or in the order that is asked for."""

    def __init__(self, store: Store, options: Options | None = None) -> None:
        self._store = store
        self._options = options
        self.find = lru_cache(_REMEMBERED)(self._find)

    def _find(self, wanted: Filter) -> range | NDArray[np.int32]:
        """Return the indices in the store of the items that match, in order."""
        store = self._store
        if wanted.collections is not None and store.collection_id not in wanted.collections:
            return range(0)
        if wanted == Filter(collections=wanted.collections):
            return range(len(store))
        mask = np.ones(len(store), dtype=np.bool_)
        if wanted.interval is not None:
            mask &= self._in_time(*wanted.interval)
        if wanted.box is not None:
            mask &= _overlaps(store.boxes, wanted.box)
        if wanted.ids is not None:
            mask &= self._named(wanted.ids)
        for condition in wanted.query:
            mask &= np.fromiter(map(condition.holds, store.column(condition.name)), np.bool_, len(store))
        if wanted.intersects is not None:
            self._keep_intersecting(mask, wanted.intersects)
        if wanted.expression is not None:
            from ingest_bench.simulator.extensions import matching  # noqa: PLC0415 - few searches need it

            mask &= matching(store, wanted.expression)
        found = np.flatnonzero(mask).astype(np.int32)
        if not wanted.order:
            return found
        from ingest_bench.simulator.extensions import in_order  # noqa: PLC0415 - same

        return in_order(store, found.tolist(), wanted.order)

    def _in_time(self, start: int, end: int) -> Mask:
        store, options = self._store, self._options
        mask = (store.starts <= end) & (store.ends >= start)
        if options is None:
            return mask
        if options.exclusive_ends:
            mask &= (store.starts != end) & (store.ends != start)
        if not options.durations:
            instants = store.column("datetime")
            mask &= np.fromiter((_is_within(text, start, end) for text in instants), np.bool_, len(store))
        if options.timeless is not None:
            mask[:: options.timeless] = False
        return mask

    def _named(self, ids: tuple[str, ...]) -> Mask:
        mask = np.zeros(len(self._store), dtype=np.bool_)
        mask[[index for index in map(self._store.index, ids) if index is not None]] = True
        return mask

    def _keep_intersecting(self, mask: Mask, geojson: str) -> None:
        """Drop items that don't intersect the geometry; exact and costly, so only where bounding boxes overlap."""
        import shapely  # noqa: PLC0415 - few searches need it

        geometry = shapely.from_geojson(geojson)
        west, south, east, north = geometry.bounds
        mask &= _overlaps(self._store.boxes, (west, south, -np.inf, east, north, np.inf))
        for index in np.flatnonzero(mask).tolist():
            own = self._store.item(index)["geometry"]
            mask[index] = own is not None and shapely.geometry.shape(own).intersects(geometry)


def _is_within(instant: str | None, start: int, end: int) -> bool:
    return instant is not None and start <= parse_instant(instant) <= end


def _overlaps(boxes: NDArray[np.float64], box: tuple[float, ...]) -> Mask:
    """Return which bounding boxes overlap a box; either may cross the antimeridian."""
    wests, souths, bottoms, easts, norths, tops = boxes
    west, south, bottom, east, north, top = box
    before, after = wests <= east, easts >= west
    crossing = wests > easts
    either = crossing | (west > east)
    both = crossing & (west > east)
    longitude = both | np.where(either, before | after, before & after)
    overlaps: Mask = longitude & (souths <= north) & (norths >= south) & (bottoms <= top) & (tops >= bottom)
    return overlaps
