"""Which items a search is about, and finding them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest_bench.simulator.store import Store

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
        """Compare; an item without the property, or with another kind of value, doesn't match."""
        try:
            return value is not None and bool(OPERATORS[self.operator](value, self.value))
        except (TypeError, AttributeError):
            return False


@dataclass(frozen=True, slots=True)
class Selection:
    """What a search asks for; all of it has to hold. None leaves a part open."""

    collections: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    interval: tuple[int, int] | None = None
    """Closed, microseconds since 1970."""
    box: tuple[float, ...] | None = None
    """West, south, bottom, east, north, top; west of its west when it crosses the antimeridian."""
    intersects: str | None = None
    """A GeoJSON geometry."""
    query: tuple[Condition, ...] = ()


class Finder:
    """Finds items, newest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.find = lru_cache(_REMEMBERED)(self._find)

    def _find(self, selection: Selection) -> range | NDArray[np.int32]:
        """Give the places of the items that match."""
        store = self._store
        if selection.collections is not None and store.collection_id not in selection.collections:
            return range(0)
        if selection == Selection(collections=selection.collections):
            return range(len(store))
        mask = np.ones(len(store), dtype=np.bool_)
        if selection.interval is not None:
            start, end = selection.interval
            mask &= (store.starts <= end) & (store.ends >= start)
        if selection.box is not None:
            mask &= _overlaps(store.boxes, selection.box)
        if selection.ids is not None:
            mask &= self._named(selection.ids)
        for condition in selection.query:
            mask &= np.fromiter(map(condition.holds, store.column(condition.name)), np.bool_, len(store))
        if selection.intersects is not None:
            self._keep_touching(mask, selection.intersects)
        return np.flatnonzero(mask).astype(np.int32)

    def _named(self, ids: tuple[str, ...]) -> Mask:
        mask = np.zeros(len(self._store), dtype=np.bool_)
        mask[[place for place in map(self._store.place, ids) if place is not None]] = True
        return mask

    def _keep_touching(self, mask: Mask, geojson: str) -> None:
        """Drop what doesn't touch the geometry; exact, so the costly test comes last and only where boxes overlap."""
        import shapely  # noqa: PLC0415 - few searches need it

        geometry = shapely.from_geojson(geojson)
        west, south, east, north = geometry.bounds
        mask &= _overlaps(self._store.boxes, (west, south, -np.inf, east, north, np.inf))
        for place in np.flatnonzero(mask).tolist():
            own = self._store.item(place)["geometry"]
            mask[place] = own is not None and shapely.geometry.shape(own).intersects(geometry)


def _overlaps(boxes: NDArray[np.float64], box: tuple[float, ...]) -> Mask:
    """Compare bounding boxes, either of which may cross the antimeridian."""
    wests, souths, bottoms, easts, norths, tops = boxes
    west, south, bottom, east, north, top = box
    before, after = wests <= east, easts >= west
    crossing = wests > easts
    either = crossing | (west > east)
    both = crossing & (west > east)
    longitude = both | np.where(either, before | after, before & after)
    found: Mask = longitude & (souths <= north) & (norths >= south) & (bottoms <= top) & (tops >= bottom)
    return found
