"""Well-Known Binary to GeoJSON, a column at a time.

Most footprints are points, and polygons or multipolygons of one ring, in two dimensions: those are decoded column-wise.
Every other geometry goes through GEOS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import shapely

from stac_ingest.geoparquet.scalar_columns import Bytes, indices

_NAMES = {0: "Point", 1: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}

Shape: TypeAlias = dict[str, Any]
Indices: TypeAlias = npt.NDArray[np.int64]


class Form(NamedTuple):
    """Geometries whose binary form is a fixed start, a count of points where there can be several, and coordinates."""

    start: bytes
    counted: bool
    name: str
    depth: int
    """Lists around the list of points."""

    @property
    def head(self) -> int:
        """Bytes before the coordinates."""
        return len(self.start) + 4 * self.counted


_RING = 4
"""Points that a ring has at least, the first of which comes again as its last."""

_FORMS = (
    Form(b"\1\3\0\0\0\1\0\0\0", True, "Polygon", 1),
    Form(b"\1\6\0\0\0\1\0\0\0\1\3\0\0\0\1\0\0\0", True, "MultiPolygon", 2),
    Form(b"\1\1\0\0\0", False, "Point", 0),
)


def geojson_column(column: pa.Array, measured: list[int] | None = None) -> tuple[Iterator[Shape | None], list[int]]:
    """Turn a column of WKB into GeoJSON objects, each made when its turn comes.

    Null stays null. A row whose bytes are no geometry, or one with coordinates that are no numbers, becomes null too,
    and its number is in the second value.

    Args:
        column: of Well-Known Binary, in any of its flavours.
        measured: takes the numbers of rows whose measures (M) are left out.

    """
    plan, others = planned(column, measured)
    return plan.shapes(others), [row for row, text in others.items() if text is None]


def planned(column: pa.Array, measured: list[int] | None = None) -> tuple[Plan, dict[int, str | None]]:
    """Find the form of each geometry of a column.

    Args:
        column: of Well-Known Binary, in any of its flavours.
        measured: takes the numbers of rows whose measures (M) are left out.

    Returns:
        The geometries of a known form, and those of other rows as GeoJSON text; None for one that is no geometry.

    """
    column = (column.storage if isinstance(column, pa.ExtensionArray) else column).cast(pa.binary())
    count = len(column)
    if not count:
        return Plan(0), {}
    ends = np.frombuffer(column.buffers()[1], np.int32, count + 1, column.offset * 4).astype(np.int64)
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    plan = Plan(count)
    rest = np.array(column.is_valid().to_pylist())
    for form in _FORMS:
        rows = np.flatnonzero(rest)
        if not rows.size:
            break
        rows = rows[_of_form(form, data, ends[rows], ends[rows + 1])]
        if rows.size:
            plan.groups.append(Group(form, rows, *_coordinates(data, ends[rows] + form.head, ends[rows + 1])))
            rest[rows] = False
    rows = np.flatnonzero(rest)
    others: dict[int, str | None] = {}
    if rows.size:
        shapes = geometries_of(column.take(indices(rows)).to_pylist(), shapely.from_wkb)
        others = dict(zip(rows.tolist(), geojson_texts(shapes), strict=True))
        if measured is not None:
            measured += rows[shapely.has_m(shapes)].tolist()
    return plan, others


class Group(NamedTuple):
    """The geometries of one form."""

    form: Form
    rows: Indices
    coordinates: npt.NDArray[np.float64]
    """Of all, one after another."""
    counts: Indices
    """How many points each has."""


class Plan:
    """Which row's geometry has which form, and where its coordinates lie."""

    def __init__(self, rows: int) -> None:
        self._count = rows
        self.groups: list[Group] = []

    def shapes(self, others: dict[int, str | None]) -> Iterator[Shape | None]:
        """Make the objects, those of `others` from their text."""
        # One by one, so that no more of their many small lists are in memory than somebody wants.
        forms: list[Form | None] = [None] * self._count
        first, last, done = np.zeros(self._count, np.int64), np.zeros(self._count, np.int64), 0
        for group in self.groups:
            last[group.rows] = done + np.cumsum(group.counts)
            first[group.rows] = last[group.rows] - group.counts
            done += len(group.coordinates) // 2
            for row in group.rows.tolist():
                forms[row] = group.form
        points = np.concatenate([*(group.coordinates for group in self.groups), np.empty(0)]).reshape(-1, 2)
        for row, (form, begin, end) in enumerate(zip(forms, first.tolist(), last.tolist(), strict=True)):
            if form is not None:
                coordinates: Any = points[begin:end].tolist()
                for _ in range(form.depth):
                    coordinates = [coordinates]
                yield {"type": form.name, "coordinates": coordinates if form.counted else coordinates[0]}
            else:
                text = others.get(row)
                yield None if text is None else orjson.loads(text)


def _of_form(form: Form, data: Bytes, begin: Indices, end: Indices) -> npt.NDArray[np.bool_]:
    """Tell which rows have a form, finite coordinates included."""
    head = form.head
    matches = end - begin >= head + 16
    if not matches.any():
        return matches  # there may be no bytes at all
    starts = np.where(matches, begin, 0)
    for offset, byte in enumerate(form.start):
        matches &= data[np.minimum(starts + offset, data.size - 1)] == byte
    rows = np.flatnonzero(matches)
    if form.counted and rows.size:
        counts = _gathered(data, begin[rows] + len(form.start), 4).view("<u4")[:, 0]
        whole = end[rows] - begin[rows] == head + 16 * counts.astype(np.int64)
        matches[rows] = whole & (counts >= _RING)  # GEOS decides on the others
    elif rows.size:
        matches[rows] = end[rows] - begin[rows] == head + 16
    rows = np.flatnonzero(matches)
    if rows.size:
        coordinates, counts = _coordinates(data, begin[rows] + head, end[rows])
        if not np.isfinite(coordinates).all():
            firsts = np.concatenate(([0], np.cumsum(2 * counts)[:-1]))
            matches[rows] = np.logical_and.reduceat(np.isfinite(coordinates), firsts)
    return matches


def _coordinates(data: Bytes, begin: Indices, end: Indices) -> tuple[npt.NDArray[np.float64], Indices]:
    """Give the coordinates of all rows, one after another, and the number of points of each."""
    view = data.data
    together = b"".join([view[first:last] for first, last in zip(begin.tolist(), end.tolist(), strict=True)])
    return np.frombuffer(together, "<f8"), (end - begin) // 16


def _gathered(data: Bytes, begin: Indices, width: int) -> Bytes:
    return np.ascontiguousarray(data[begin[:, None] + np.arange(width)])


def geometries_of(values: list[Any], parse: Callable[..., Any]) -> npt.NDArray[np.object_]:
    """Give the geometries that binary or text stands for; none where it stands for none."""
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are looked for in the GeoJSON
        found: npt.NDArray[np.object_] = _each(parse, values, on_invalid="ignore")
    return found


def geojson_texts(geometries: npt.NDArray[np.object_]) -> Iterator[str | None]:
    """Give each geometry as GeoJSON; nothing for one that is none, or that has no form in it."""
    with np.errstate(invalid="ignore"):
        texts = _each(shapely.to_geojson, geometries)
    empty = np.flatnonzero(shapely.is_empty(geometries)).tolist()
    names = {row: _NAMES.get(int(shapely.get_type_id(geometries[row]))) for row in empty}
    for row, text in enumerate(texts):
        if names.get(row) is not None:  # GEOS writes an empty Polygon as [[]], a ring without points
            yield f'{{"type":"{names[row]}","coordinates":[]}}'
        else:
            yield None if text is None or "null" in text else text


def _each(function: Any, values: Any, **options: Any) -> Any:
    """Apply a function of shapely to a column. It refuses the whole of it for one curve; then each row is by itself."""
    column = np.array([*values, None], object)[:-1]  # else numpy looks into values that are sequences
    try:
        return function(column, **options)
    except (NotImplementedError, shapely.errors.ShapelyError):
        return np.array([*(_or_none(function, value, options) for value in column), None], object)[:-1]


def _or_none(function: Any, value: Any, options: dict[str, Any]) -> Any:
    try:
        return function(value, **options)
    except (NotImplementedError, shapely.errors.ShapelyError):
        return None
