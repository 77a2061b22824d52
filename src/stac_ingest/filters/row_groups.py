"""Row groups that hold no wanted item, told by their statistics.

Statistics are bounds and nothing more: a group is left out only where no row within them can match. Where one is
missing, or counts nulls where a null would be judged by something else, it says nothing. (Sides that are not a number,
as some writers give to a geometry without points, are in no statistics.)
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeGuard

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.errors import DataProcessingError
from stac_ingest.filters.boxes import Box
from stac_ingest.filters.columns import SIDES, filter_columns
from stac_ingest.filters.item_filter import ItemFilter
from stac_ingest.filters.rounding import in_unit
from stac_ingest.geoparquet.metadata_check import check_columns

_UNREADABLE = (OSError, ValueError, OverflowError, TypeError, pa.ArrowException, DataProcessingError)
"""What statistics of an untrusted file can be met with."""


_UNITS = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Least and greatest of a column's values in one row group."""

    least: Any
    greatest: Any
    nulls: int | None
    """None where the file doesn't say."""


class RowGroupFilter:
    """Says which row groups of a file can hold wanted items."""

    def __init__(
        self,
        wanted: ItemFilter,
        metadata: pq.FileMetaData,
        schema: pa.Schema,
        is_sound: Callable[[int], bool] | None = None,
    ) -> None:
        """Take what is known of the file.

        Args:
            wanted: what is asked for.
            metadata: of the file.
            schema: of the file.
            is_sound: says whether a row group's metadata hold, where that is known; else they are checked.

        """
        self._is_sound = is_sound or self._check
        self._wanted = wanted.wanted
        self._box = wanted.box
        self._collections, self._ids = _sorted(self._wanted.collections), _sorted(self._wanted.ids)
        self._metadata = metadata
        self._columns = filter_columns(schema)
        paths = [metadata.schema.column(index).path for index in range(metadata.num_columns)]
        # A name with a dot in it can be the path of another column.
        self._index = {path: index for index, path in enumerate(paths) if paths.count(path) == 1}

    def may_match(self, number: int) -> bool:
        """Say whether a row group can hold a wanted item; True where nothing tells."""
        try:
            if not self._is_sound(number):
                return True
            group = self._metadata.row_group(number)
            return self._may_be_named(group) and self._may_touch(group) and self._may_reach(group)
        except _UNREADABLE:
            return True  # whoever reads it says what is wrong with it

    def _check(self, number: int) -> bool:
        check_columns(self._metadata, number)
        return True

    def _may_be_named(self, group: pq.RowGroupMetaData) -> bool:
        """Compare collections and ids with the first and last of them."""
        asked = ((self._collections, self._columns.collection), (self._ids, self._columns.id))
        for names, column in asked:
            bounds = None if names is None or column is None else self._bounds(group, column)
            if names is None or bounds is None or bounds.nulls != 0:
                continue  # an item that says no collection is kept
            first = bisect_left(names, _bytes(bounds.least))
            if first == len(names) or names[first] > _bytes(bounds.greatest):
                return False
        return True

    def _may_touch(self, group: pq.RowGroupMetaData) -> bool:
        """Compare the time requested with the first and last of all instants, of which each item's are two."""
        if self._wanted.interval is None or not self._columns.times:
            return True
        after = before = True
        for name in self._columns.times:
            chunk = self._chunk(group, name)
            if chunk is not None and _is_empty(chunk):
                continue
            bounds, unit = self._bounds(group, name, raw=True), self._unit(name)
            if bounds is None or unit is None:
                return True
            start, end = in_unit(self._wanted.interval, unit)
            after = after and bounds.least > end
            before = before and bounds.greatest < start
        return not after and not before

    def _may_reach(self, group: pq.RowGroupMetaData) -> bool:
        if self._box is None:
            return True
        if not self._columns.sides:
            return self._geometry_may_reach(group, self._box)
        sides = {side: self._bounds(group, ".".join(path)) for side, path in self._columns.sides.items()}
        box = self._columns.rounded(self._box)
        return _may_overlap_flat(sides, box, self._columns.may_cross) and _may_overlap_heights(sides, box)

    def _geometry_may_reach(self, group: pq.RowGroupMetaData, box: Box) -> bool:
        """Look at the statistics that Parquet's own type of geometries has."""
        chunk = self._chunk(group, self._columns.geometry or "")
        if chunk is None or not chunk.is_geo_stats_set:
            return True
        found = chunk.geo_statistics
        sides = (found.xmin, found.ymin, found.xmax, found.ymax)
        if any(side is None or side != side for side in sides):  # noqa: PLR0124 - what is not a number differs from itself
            return True
        west, south, east, north = sides
        return Box(west, south, box.bottom, east, north, box.top).overlaps(box)

    def _unit(self, path: str) -> str | None:
        """Give the unit of an instant as it is in the file, where a second is a thousand milliseconds."""
        index = self._index.get(path)
        kind = None if index is None else self._metadata.schema.column(index)
        if kind is None or kind.physical_type != "INT64" or kind.logical_type.type != "TIMESTAMP":
            return None
        return _UNITS.get(json.loads(kind.logical_type.to_json()).get("timeUnit"))

    def _chunk(self, group: pq.RowGroupMetaData, path: str) -> pq.ColumnChunkMetaData | None:
        """Give a column of a row group; None where it isn't there, or is of another type than the schema says.

        To ask such a one for its statistics would end the process, as in `metadata_check`.
        """
        index = self._index.get(path)
        if index is None:
            return None
        chunk = group.column(index)
        return chunk if chunk.physical_type == self._metadata.schema.column(index).physical_type else None

    def _bounds(self, group: pq.RowGroupMetaData, path: str, *, raw: bool = False) -> _Bounds | None:
        chunk = self._chunk(group, path)
        found = None if chunk is None else chunk.statistics
        if found is None or not found.has_min_max:
            return None
        least, greatest = (found.min_raw, found.max_raw) if raw else (found.min, found.max)
        return _Bounds(least, greatest, found.null_count if found.has_null_count else None)


def _is_empty(chunk: pq.ColumnChunkMetaData) -> bool:
    """Say whether a column has nulls alone."""
    found = chunk.statistics
    return bool(found is not None and found.has_null_count and found.null_count == chunk.num_values)


def _is_whole(bounds: _Bounds | None) -> TypeGuard[_Bounds]:
    """Say whether bounds are those of every row."""
    return bounds is not None and bounds.nulls == 0


def _may_overlap_flat(sides: dict[str, _Bounds | None], box: Box, may_cross: bool) -> bool:
    xmin, ymin, xmax, ymax = (sides[name] for name in SIDES)
    if not (_is_whole(xmin) and _is_whole(ymin) and _is_whole(xmax) and _is_whole(ymax)):
        return True  # a row without a box is judged by its geometry
    if ymin.least > box.north or ymax.greatest < box.south:
        return False
    before, after = xmin.least <= box.east, xmax.greatest >= box.west
    # Whether one of the boxes crosses the antimeridian is for the rows to say, wherever its sides allow for it.
    may_cross = may_cross and xmin.greatest > xmax.least
    if box.crosses:
        return bool(may_cross or before or after)
    return bool((before and after) or (may_cross and (before or after)))


def _may_overlap_heights(sides: dict[str, _Bounds | None], box: Box) -> bool:
    zmin, zmax = sides.get("zmin"), sides.get("zmax")
    if not _is_whole(zmin) or not _is_whole(zmax):
        return True
    return bool(zmin.least <= box.top and zmax.greatest >= box.bottom)


def _sorted(names: frozenset[str] | None) -> list[bytes] | None:
    """Sort names as Parquet does; there may be many, and row groups too."""
    return None if names is None else sorted(name.encode() for name in names)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
