"""Where and when the items of a run are, in numbers that can be sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stac_ingest.geoparquet.hilbert import bits_of_axis, hilbert_keys
from stac_ingest.geoparquet.instants import MICROSECONDS
from stac_ingest.geoparquet.item_boxes import FLAT_SIDES
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.stac_schema import DEFAULT_GEOMETRY, PROPERTIES

_BOX, _GEOMETRY = Slot(("bbox",)), Slot((DEFAULT_GEOMETRY,))
_TIME, _START, _END = (Slot((PROPERTIES, name)) for name in ("datetime", "start_datetime", "end_datetime"))
WANTED = (_BOX, _GEOMETRY, _TIME, _START, _END)
"""Columns that say where and when items are."""

NOWHERE = np.iinfo(np.int64).max
"""The key of an item without a place: it is sorted behind the others."""
NEVER = np.iinfo(np.int64).min
"""The instant of an item without a time."""
NO_MONTH = np.iinfo(np.int32).max
"""The month of an item without a time: its folder is the last."""

_PLACE_BITS = bits_of_axis(2)
_LEVELS_OF_PLACE = 2
"""Times that space is halved along its axes before time is: searches are for a smaller part of the world than of all
times, and files of few row groups do best when these differ in their place."""


class Points(NamedTuple):
    """Some items."""

    x: npt.NDArray[np.uint32]
    """West to east, in 2 ** 31 steps."""
    y: npt.NDArray[np.uint32]
    """South to north, likewise."""
    is_placed: npt.NDArray[np.bool_]
    is_uncovered: npt.NDArray[np.bool_]
    """Whether the geometry lies in no box of the item that a reader can compare with another one: there is none, or it
    goes over the antimeridian."""
    instants: npt.NDArray[np.int64]
    """Microseconds since 1970, or `NEVER`: `datetime`, or what lies between start and end."""
    months: npt.NDArray[np.int32]
    """Since January 1970, or `NO_MONTH`: of `datetime`, or of the start."""


def points_of(columns: dict[Slot, pa.Array]) -> Points:
    """Find out where and when some items are.

    Args:
        columns: of `WANTED`, those that there are.

    Raises:
        ValueError: a geometry is none.

    """
    sides, is_uncovered = _sides(columns)
    x, y = _centres(sides)
    is_placed = np.isfinite(x) & np.isfinite(y)
    rows = len(x)
    time, start, end = (_instants(columns.get(slot), rows) for slot in (_TIME, _START, _END))
    either = np.where(start == NEVER, end, start)
    # Half of each: their sum may have more than 64 bits.
    middle = np.where((start != NEVER) & (end != NEVER), start // 2 + end // 2, either)
    first = np.where(time != NEVER, time, either)
    months = np.full(rows, NO_MONTH, np.int32)
    known = first != NEVER
    months[known] = first[known].view("datetime64[us]").astype("datetime64[M]").astype(np.int32)
    return Points(
        _steps(x + 180, 360, is_placed),
        _steps(y + 90, 180, is_placed),
        is_placed,
        is_uncovered,
        np.where(time != NEVER, time, middle),
        months,
    )


def joined(points: Sequence[Points]) -> Points:
    """Put the points of several batches together."""
    return Points(*(np.concatenate(arrays) for arrays in zip(*points, strict=True)))


def keys_of_places(points: Points) -> npt.NDArray[np.int64]:
    """Return keys by which items that are near each other are together; `NOWHERE` for one without a place."""
    keys = hilbert_keys([points.x.astype(np.uint64), points.y.astype(np.uint64)])
    return np.where(points.is_placed, keys, NOWHERE)


def keys_of_places_and_times(points: Points) -> npt.NDArray[np.int64]:
    """Return keys by which items are together that are near each other in space and time; likewise.

    One without a time counts as the latest.
    """
    bits = bits_of_axis(3)
    known = points.instants != NEVER
    first, last = (points.instants[known].min(), points.instants[known].max()) if known.any() else (0, 0)
    part = (points.instants.astype(np.float64) - float(first)) / max(float(last) - float(first), 1.0)
    steps = 1 << (bits - _LEVELS_OF_PLACE)
    time = np.where(known, np.clip(part * steps, 0, steps - 1), steps - 1).astype(np.uint64)
    coarser = np.uint64(_PLACE_BITS - bits)
    keys = hilbert_keys([points.x.astype(np.uint64) >> coarser, points.y.astype(np.uint64) >> coarser, time])
    return np.where(points.is_placed, keys, NOWHERE)


def covers_of(columns: dict[Slot, pa.Array]) -> pa.Array:
    """Make boxes that cover the geometries: those of the items, around the world where they go over the antimeridian.

    Args:
        columns: of `WANTED`, those that there are.

    Raises:
        ValueError: a geometry is none.

    """
    sides, _ = _sides(columns)
    crosses = sides[2] < sides[0]
    sides[0][crosses], sides[2][crosses] = -180.0, 180.0
    missing = pa.array(~np.isfinite(sides).all(axis=0))
    return pa.StructArray.from_arrays([pa.array(side) for side in sides], FLAT_SIDES, mask=missing)


def _sides(columns: dict[Slot, pa.Array]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Give west, south, east and north of each item, NaN where it has no place; and which are uncovered."""
    geometries, boxes = columns[_GEOMETRY], columns.get(_BOX)
    if boxes is None or not pa.types.is_struct(boxes.type):
        sides = np.full((4, len(geometries)), np.nan)
    else:
        sides = np.array([_floats(boxes, side) for side in FLAT_SIDES])
    without = ~np.isfinite(sides).all(axis=0)
    has_geometry = np.asarray(geometries.is_valid().to_numpy(zero_copy_only=False), bool)
    is_uncovered = has_geometry & (without | (sides[2] < sides[0]))
    if (lacking := without & has_geometry).any():
        shapes = shapely.from_wkb(np.array([*geometries.filter(pa.array(lacking)).to_pylist(), None], object)[:-1])
        sides[:, lacking] = shapely.bounds(shapes).T
    return sides, is_uncovered


def _centres(sides: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    west, south, east, north = sides
    # Over the antimeridian the east is behind the west.
    middle = (west + np.where(east < west, east + 360, east)) / 2
    beyond = (middle > 180) | (middle < -180)  # noqa: PLR2004 - degrees
    return np.where(beyond, (middle + 180) % 360 - 180, middle), (south + north) / 2


def _floats(boxes: pa.Array, side: str) -> npt.NDArray[np.float64]:
    # Not `field`: a null box has sides of any value.
    column: Any = pc.struct_field(boxes, side)
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)


def _instants(column: pa.Array | None, rows: int) -> npt.NDArray[np.int64]:
    if column is None or not pa.types.is_timestamp(column.type):
        return np.full(rows, NEVER, np.int64)
    found = column.cast(MICROSECONDS, safe=False).cast(pa.int64())
    return np.asarray(found.fill_null(NEVER).to_numpy(zero_copy_only=False), np.int64)


def _steps(values: npt.NDArray[np.float64], whole: float, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    """Count values in steps; what lies beyond the ends is at the end."""
    steps = 1 << _PLACE_BITS
    counted = np.clip(np.where(known, values, 0.0) / whole * steps, 0, steps - 1)
    return counted.astype(np.uint32)
