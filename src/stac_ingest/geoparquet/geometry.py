"""Well-Known Binary to GeoJSON text, a column at a time.

Most footprints are points, and polygons or multipolygons of one ring, in two dimensions: those are decoded column-wise.
Every other geometry goes through GEOS.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stac_ingest.geoparquet.scalars import Bytes, scalar_parts
from stac_ingest.geoparquet.text import joined

_NAMES = {0: "Point", 1: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}

Places: TypeAlias = npt.NDArray[np.int64]


class _Form(NamedTuple):
    """Geometries whose binary form is a fixed start, a count of points where there can be several, and coordinates."""

    start: bytes
    counted: bool
    opening: str
    closing: str


_FORMS = (
    _Form(b"\1\3\0\0\0\1\0\0\0", True, '{"type":"Polygon","coordinates":[[', "]]}"),
    _Form(b"\1\6\0\0\0\1\0\0\0\1\3\0\0\0\1\0\0\0", True, '{"type":"MultiPolygon","coordinates":[[[', "]]]}"),
    _Form(b"\1\1\0\0\0", False, '{"type":"Point","coordinates":', "}"),
)


def geojson_column(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """Turn a column of WKB into a column of GeoJSON text.

    Null stays null. A row whose bytes are no geometry, or one with coordinates that are no numbers, becomes null too,
    and its number is in the second value.
    """
    column = (column.storage if isinstance(column, pa.ExtensionArray) else column).cast(pa.binary())
    if not len(column):
        return pa.array([], pa.string()), []
    ends = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    rest = column.is_valid().to_numpy(zero_copy_only=False)
    texts, places = [], []
    for form in _FORMS:
        rows = np.flatnonzero(rest)
        if not rows.size:
            break
        rows = rows[_of_form(form, data, ends[rows], ends[rows + 1])]
        if rows.size:
            texts.append(_text(form, data, ends[rows], ends[rows + 1]))
            places.append(rows)
            rest[rows] = False
    rows = np.flatnonzero(rest)
    bad: list[int] = []
    if rows.size:
        text = _by_geos(column.take(pa.array(rows)))
        bad = rows[text.is_null().to_numpy(zero_copy_only=False)].tolist()
        texts.append(text)
        places.append(rows)
    return _assembled(texts, places, len(column)), bad


def _of_form(form: _Form, data: Bytes, begin: Places, end: Places) -> npt.NDArray[np.bool_]:
    """Tell which rows have a form, finite coordinates included."""
    head = len(form.start) + 4 * form.counted
    found = end - begin >= head + 16
    starts = np.where(found, begin, 0)
    for place, byte in enumerate(form.start):
        found &= data[np.minimum(starts + place, data.size - 1)] == byte
    rows = np.flatnonzero(found)
    if form.counted and rows.size:
        counts = _gathered(data, begin[rows] + len(form.start), 4).view("<u4")[:, 0]
        found[rows] = end[rows] - begin[rows] == head + 16 * counts.astype(np.int64)
    elif rows.size:
        found[rows] = end[rows] - begin[rows] == head + 16
    rows = np.flatnonzero(found)
    if rows.size:
        coordinates, counts = _coordinates(data, begin[rows] + head, end[rows])
        if not np.isfinite(coordinates).all():
            firsts = np.concatenate(([0], np.cumsum(2 * counts)[:-1]))
            found[rows] = np.logical_and.reduceat(np.isfinite(coordinates), firsts)
    return found


def _text(form: _Form, data: Bytes, begin: Places, end: Places) -> pa.Array:
    head = len(form.start) + 4 * form.counted
    coordinates, counts = _coordinates(data, begin + head, end)
    numbers = joined(scalar_parts(pa.array(coordinates)), len(coordinates))
    pair = np.arange(0, len(coordinates), 2)
    x, y = (numbers.take(pa.array(place)) for place in (pair, pair + 1))
    points = joined(["[", x, ",", y, "]"], len(pair))
    if form.counted:
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        points = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), points), ",")
    return joined([form.opening, points, form.closing], len(begin))


def _coordinates(data: Bytes, begin: Places, end: Places) -> tuple[npt.NDArray[np.float64], Places]:
    """Give the coordinates of all rows, one after another, and the number of points of each."""
    sizes = end - begin
    firsts = np.cumsum(sizes) - sizes
    index = np.repeat(begin - firsts, sizes) + np.arange(int(sizes.sum()))
    return data[index].view("<f8"), sizes // 16


def _gathered(data: Bytes, begin: Places, width: int) -> Bytes:
    return np.ascontiguousarray(data[begin[:, None] + np.arange(width)])


def _by_geos(column: pa.Array) -> pa.Array:
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are looked for below
        geometries = shapely.from_wkb(np.array(column.to_pylist(), object), on_invalid="ignore")
        texts = shapely.to_geojson(geometries)
    for row, text in enumerate(texts):
        if text is not None and "null" in text:
            texts[row] = None
    for row in np.flatnonzero(shapely.is_empty(geometries)).tolist():
        name = _NAMES.get(int(shapely.get_type_id(geometries[row])))
        if name is not None:  # GEOS writes an empty Polygon as [[]], a ring without points
            texts[row] = f'{{"type":"{name}","coordinates":[]}}'
    return pa.array(texts, pa.string())


def _assembled(texts: list[pa.Array], places: list[Places], rows: int) -> pa.Array:
    if len(texts) == 1 and len(texts[0]) == rows:
        return texts[0]
    where = np.full(rows, -1, np.int64)
    if places:
        together = np.concatenate(places)
        where[together] = np.arange(len(together))
    source = pa.chunked_array(texts, pa.string()).combine_chunks()
    return source.take(pa.array(where, mask=where < 0))
