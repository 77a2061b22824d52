"""Columns of geometries, in each of the encodings that writers use, to GeoJSON objects."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stac_ingest.geoparquet.geometry_encodings import NATIVE, TEXT, WKB
from stac_ingest.geoparquet.row_codegen import ColumnSet
from stac_ingest.geoparquet.row_template import NULL
from stac_ingest.geoparquet.scalar_columns import decode_storage, numbers
from stac_ingest.geoparquet.struct_columns import value_or
from stac_ingest.geoparquet.wkb import Shape, geojson_column, geojson_texts, geometries_of

MEASURES = "its measures (M), which GeoJSON has no place for, were left out"

_AXES = ("x", "y", "z")
_PLANE = 2


def shapes_of(column: pa.Array, encoding: str, measured: list[int]) -> tuple[Iterator[Shape | None], list[int]]:
    """Turn a column into GeoJSON objects, each made when its turn comes.

    Args:
        column: of geometries.
        encoding: as `encoding_of` gives it.
        measured: takes the numbers of rows whose measures are left out.

    Returns:
        The objects, null for null, and the numbers of the rows that hold no geometry with finite coordinates.

    """
    if encoding == WKB:
        return geojson_column(column, measured)
    if encoding in NATIVE:
        return _native(decode_storage(column), NATIVE[encoding], measured)
    if encoding == TEXT:
        return _parsed(decode_storage(column), measured)
    parts = ColumnSet(len(column))
    found = list(parts.rows(value_or(column, NULL, parts)))
    return iter(found), [row for row, shape in enumerate(found) if shape is not None and not shape.get("type")]


def _parsed(column: pa.Array, measured: list[int]) -> tuple[Iterator[Shape | None], list[int]]:
    """Read texts, which GeoJSON begins with a brace, and Well-Known Text with a word."""
    texts = (column.storage if isinstance(column, pa.ExtensionArray) else column).to_pylist()
    shapes, bad = list[Shape | None](), list[int]()
    for row, text in enumerate(texts):
        shape, is_one = None, text in {None, "null"}
        if not is_one:
            shape, is_one = _shape(text), True
            if shape is None:
                geometry = geometries_of([text], shapely.from_wkt)
                written = next(geojson_texts(geometry))
                shape, is_one = (None, False) if written is None else (orjson.loads(written), True)
                measured += [row] * bool(shapely.has_m(geometry)[0])
        shapes.append(shape)
        bad += [] if is_one else [row]
    return iter(shapes), bad


def _shape(text: str) -> Shape | None:
    try:
        found = orjson.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("type"), str) else None


def _native(column: pa.Array, name: str, measured: list[int]) -> tuple[Iterator[Shape | None], list[int]]:
    positions, has_measures = _positions(column)
    if has_measures:
        measured += [row for row, valid in enumerate(column.is_valid().to_pylist()) if valid]
    coordinates: list[Any] = positions.to_pylist()
    if name == "Point":  # an empty one has coordinates that are no numbers
        coordinates = [[] if found is not None and all(map(math.isnan, found)) else found for found in coordinates]
    bad = [row for row, found in enumerate(coordinates) if found is not None and not _is_finite(found)]
    made = (None if found is None else {"type": name, "coordinates": found} for found in coordinates)
    return made, bad


def _positions(column: pa.Array) -> tuple[pa.Array, bool]:
    """Give lists of x, y and z for what is stored by axis, at any depth; and whether measures were left out."""
    kind, types = column.type, pa.types
    if types.is_struct(kind):
        names = [field.name for field in kind]
        axes = [numbers(column.field(axis).cast(pa.float64())) for axis in _AXES if axis in names]
        return _lists_of(np.column_stack(axes), column.is_valid()), "m" in names
    if types.is_fixed_size_list(kind) and types.is_floating(kind.value_type):
        size, axes_named = kind.list_size, kind.value_field.name
        values = numbers(column.values.cast(pa.float64())).reshape(-1, size)
        values = values[column.offset : column.offset + len(column)]
        has_measures = size > len(_AXES) or axes_named == "xym"
        kept = _PLANE if axes_named == "xym" else min(size, len(_AXES))
        return _lists_of(values[:, :kept], column.is_valid()), has_measures
    inner, has_measures = _positions(decode_storage(column.flatten()))
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_pylist()
    ends = pa.array(np.concatenate(([0], np.cumsum(lengths))).tolist(), pa.int32())
    return pa.ListArray.from_arrays(ends, inner, mask=column.is_null()), has_measures


def _lists_of(values: npt.NDArray[np.float64], valid: pa.Array) -> pa.Array:
    """Give rows of numbers as a column of lists."""
    size = values.shape[1]
    flat = pa.Array.from_buffers(pa.float64(), values.size, [None, pa.py_buffer(np.ascontiguousarray(values))])
    return pa.FixedSizeListArray.from_arrays(flat, size, mask=pc.invert(valid))


def _is_finite(value: Any) -> bool:
    return all(map(_is_finite, value)) if isinstance(value, list) else math.isfinite(value)
