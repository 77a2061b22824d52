"""Points, polygons and multipolygons without holes, from GeoJSON to Well-Known Binary without GEOS.

Most footprints are that. What isn't just so is for GEOS, which also tells what is wrong with it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from sys import byteorder
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from stac_ingest.geoparquet.geo_metadata import NOWHERE, Outline

EXACT = 2.0**53
"""Whole numbers from here on may not be the same as a float."""
PLAIN = 2
"""Members of a geometry: `type` and `coordinates`."""

_RING = 4
"""Points that a ring has at least, the first of which comes again as its last."""
_AXES = 2
_WIDTH = 16
"""Bytes of a point's coordinates."""
_POINT = b"\1\1\0\0\0"
_POLYGON = b"\1\3\0\0\0\1\0\0\0"
_MULTIPOLYGON = b"\1\6\0\0\0"


class Shapes(NamedTuple):
    """A column of geometries."""

    column: pa.Array
    originals: pa.Array | None
    """JSON, where the column holds less than what was given; None where it holds all."""
    outline: Outline


class _UnusualError(Exception):
    """A geometry has another form."""


_UNUSUAL = (_UnusualError, KeyError, TypeError, ValueError, OverflowError)
"""What a geometry of another form is met with."""


def plain_shapes(values: Sequence[Any]) -> Shapes | None:
    """Make a column of geometries, null for None; None where one of them isn't of the plain forms.

    Args:
        values: GeoJSON geometries, or None.

    """
    if byteorder != "little":
        return None
    points: list[Any] = []
    try:
        forms = [None if value is None else _form(value, points) for value in values]
        if not (set(map(type, points)) <= {list} and set(map(len, points)) <= {_AXES}):
            return None
        numbers = list(chain.from_iterable(points))
        if not set(map(type, numbers)) <= {int, float}:
            return None
        coordinates = array("d", numbers)
    except _UNUSUAL:
        return None
    bounds = NOWHERE
    if coordinates:
        plane = np.frombuffer(coordinates).reshape(-1, _AXES)
        west, south, east, north = bounds = (*plane.min(axis=0).tolist(), *plane.max(axis=0).tolist())
        if not (min(west, south) > -EXACT and max(east, north) < EXACT):  # nor where one is NaN
            return None
    kinds = frozenset(form.kind for form in forms if form is not None)
    column = pa.array(list(_binaries(forms, coordinates.tobytes())), pa.binary())
    return Shapes(column, None, Outline(kinds, bounds))


class _Form(NamedTuple):
    kind: str
    start: bytes
    parts: list[tuple[bytes, int]]
    """Of each the binary form up to the coordinates of its points, and the number of these."""


def _form(value: Any, points: list[Any]) -> _Form:
    """Take a geometry apart, and add its points to those of others.

    Raises:
        _UNUSUAL: it has another form.

    """
    if type(value) is not dict or len(value) != PLAIN:
        raise _UnusualError
    kind, coordinates = value["type"], value["coordinates"]
    if kind == "Polygon":
        return _Form(kind, b"", [_polygon(coordinates, points)])
    if kind == "MultiPolygon":
        parts = [_polygon(part, points) for part in _list(coordinates)]
        if not parts:
            raise _UnusualError
        return _Form(kind, _MULTIPOLYGON + len(parts).to_bytes(4, "little"), parts)
    if kind != "Point":
        raise _UnusualError
    points.append(coordinates)
    return _Form(kind, b"", [(_POINT, 1)])


def _polygon(rings: Any, points: list[Any]) -> tuple[bytes, int]:
    (ring,) = _list(rings)
    count = len(_list(ring))
    if count < _RING or ring[0] != ring[-1]:
        raise _UnusualError
    points += ring
    return _POLYGON + count.to_bytes(4, "little"), count


def _binaries(forms: list[_Form | None], data: bytes) -> Iterator[bytes | None]:
    """Put geometries together from their forms and the coordinates of all points."""
    last = 0
    for form in forms:
        if form is None:
            yield None
            continue
        pieces = [form.start]
        for start, count in form.parts:
            first, last = last, last + _WIDTH * count
            pieces += (start, data[first:last])
        yield b"".join(pieces)


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise _UnusualError
    return value
