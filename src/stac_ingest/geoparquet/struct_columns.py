"""Arrow columns to row templates for the objects in them.

Nulls: a column is one for all rows, so an item without an asset has a null there, and whether it had the member as null
can't be told. A null member is left out. Elements of a list and values of a map have a place of their own: there a null
stays null.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.json_text import json_column
from stac_ingest.geoparquet.row_codegen import (
    NULL,
    Array,
    ColumnSet,
    Conditional,
    Member,
    Object,
    RowTemplate,
    constant,
)
from stac_ingest.geoparquet.scalar_columns import (
    UNREADABLE,
    decimals,
    decode_storage,
    indices,
    is_constant,
    not_finite,
    numbers,
    python_values,
    readable_values,
    without,
)

MAX_UNROLLED = 16
"""Lists of one length, up to this, are made element by element: roles, shapes, transforms, the bands of an asset."""

NOT_FINITE = "it is not a finite number, which JSON has no form for: missing, or null in a list"
NODATA = "nodata"
WRITTEN = "it is not a finite number, which JSON has no form for: a text, as the raster extension has it"
ROUNDED = "it has more digits than the numbers of JSON are read with: rounded"

Lengths: TypeAlias = npt.NDArray[np.int64]


def object_of(members: Iterable[tuple[str, pa.Array]], columns: ColumnSet) -> Object:
    """Give the template for objects; a member that is null in a row is left out of that row's object."""
    made = []
    for name, member in members:
        columns.path.append(name)
        if columns.keeps_nulls:
            made.append(Member(name, value_or(member, NULL, columns)))
        else:
            column = plain_column(member, columns)
            if column.null_count < len(column) or not len(column):
                present = columns.add(_valid(column)) if column.null_count else None
                made.append(Member(name, value_of(column, columns), present))
        columns.path.pop()
    return Object(tuple(made))


def value_or(array: pa.Array, otherwise: RowTemplate, columns: ColumnSet) -> RowTemplate:
    """Give the template for values, with another one for where there is none."""
    column = plain_column(array, columns)
    if not column.null_count:
        return value_of(column, columns)
    if column.null_count == len(column):
        return otherwise
    return Conditional(columns.add(_valid(column)), value_of(column, columns), otherwise)


def plain_column(array: pa.Array, columns: ColumnSet) -> pa.Array:
    """Give the plain column behind a dictionary or an extension type, without what JSON has no number for."""
    column = decode_storage(array)
    odd = not_finite(column)
    if not odd:
        return column
    if columns.path[-1:] != [NODATA]:
        columns.alter(odd, NOT_FINITE)
        return without(column, odd)
    columns.alter(odd, WRITTEN)
    values = zip(column.is_valid().to_pylist(), python_values(column), strict=True)
    return json_column([None if not valid else v if math.isfinite(v) else str(v) for valid, v in values])


def value_of(array: pa.Array, columns: ColumnSet) -> RowTemplate:
    """Give the template for the values of a plain column; what it makes for a null means nothing."""
    kind, types = array.type, pa.types
    if types.is_struct(kind):
        return object_of(((field.name, array.field(number)) for number, field in enumerate(kind)), columns)
    if types.is_map(kind):
        return columns.add(_maps(array, columns))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _list_of(array, columns)
    if types.is_decimal(kind):
        numbers_made, rounded = decimals(array)
        columns.alter(rounded, ROUNDED)
        return columns.add(numbers_made)
    try:
        return constant(array[0].as_py()) if is_constant(array) else columns.add(python_values(array))
    except UNREADABLE:
        values, broken = readable_values(array)
        if not broken:
            raise
        columns.broken.update(broken)
        return columns.add(values)


def _list_of(array: pa.Array, columns: ColumnSet) -> RowTemplate:
    lengths: Lengths = _lengths(array)
    parts = ColumnSet(0, tuple(columns.path))
    elements = plain_column(array.flatten(), parts)
    _adopt(columns, parts, lengths)
    length = int(lengths[0]) if len(lengths) else 0
    if 0 < length <= MAX_UNROLLED and not elements.null_count and not array.null_count and (lengths == length).all():
        starts = np.arange(0, len(elements), length)
        return Array(tuple(value_of(elements.take(indices(starts + index)), columns) for index in range(length)))
    made = _in_order(elements, lengths, columns)
    return columns.add(list(islice(made, count)) for count in lengths.tolist())


def _lengths(array: pa.Array) -> Lengths:
    lengths = numbers(pc.list_value_length(array)).astype(np.int64)
    return np.where(array.is_valid().to_pylist(), lengths, 0) if array.null_count else lengths


def _maps(array: pa.Array, columns: ColumnSet) -> Iterator[dict[str, Any]]:
    ends = numbers(array.offsets).astype(np.int64)
    first, count = int(ends[0]), int(ends[-1] - ends[0])
    lengths = np.diff(ends)
    keys = _in_order(array.keys.slice(first, count).cast(pa.string()), lengths, columns)
    values = _in_order(array.items.slice(first, count), lengths, columns)
    pairs = zip(keys, values, strict=True)
    return (dict(islice(pairs, count)) for count in lengths.tolist())


def _in_order(elements: pa.Array, lengths: Lengths, columns: ColumnSet) -> Iterator[Any]:
    """Make the elements of lists, which lie one after another, and find the rows of those that can't be read.

    Each is made when its row's turn comes: all at once would be many objects, which Python's collector of garbage then
    looks through again and again.
    """
    parts = ColumnSet(len(elements), tuple(columns.path), keeps_nulls=columns.keeps_nulls)
    template = value_or(elements, NULL, parts)
    _adopt(columns, parts, lengths)
    return parts.rows(template)


def _adopt(columns: ColumnSet, parts: ColumnSet, lengths: Lengths) -> None:
    """Take over what was found in elements, by the rows that they lie in."""
    if parts.broken or parts.altered:
        ends = np.cumsum(lengths)
        columns.adopt(parts, lambda elements: np.searchsorted(ends, elements, side="right").tolist())


def _valid(array: pa.Array) -> list[bool]:
    valid: list[bool] = array.is_valid().to_pylist()
    return valid
