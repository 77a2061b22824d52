"""Arrow columns to row templates for the objects in them.

Nulls: a column is one for all rows, so an item without an asset has a null there, and whether it had the member as null
can't be told. A null member is left out. Elements of a list and values of a map have a place of their own: there a null
stays null.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.json_text import json_column
from stac_ingest.geoparquet.row_template import (
    MAX_UNROLLED,
    NULL,
    Array,
    Columns,
    Conditional,
    Lengths,
    Member,
    Object,
    RowTemplate,
)
from stac_ingest.geoparquet.scalar_columns import (
    UNREADABLE,
    decimals,
    indices,
    numbers,
    python_values,
    readable_values,
    without,
)

NOT_FINITE = "it is not a finite number, which JSON has no form for: missing, or null in a list"
NODATA = "nodata"
WRITTEN = "it is not a finite number, which JSON has no form for: a text, as the raster extension has it"
ROUNDED = "it has more digits than the numbers of JSON are read with: rounded"


def object_of(members: Iterable[tuple[str, pa.Array]], columns: Columns) -> Object:
    """Give the template for objects; a member that is null in a row is left out of that row's object."""
    made = []
    for name, member in members:
        columns.path.append(name)
        if columns.keeps_nulls:
            made.append(Member(name, value_or(member, NULL, columns)))
        else:
            column = plain_column(member, columns)
            if column.null_count < len(column) or not len(column):
                present = columns.add_valid(column) if column.null_count else None
                made.append(Member(name, value_of(column, columns), present))
        columns.path.pop()
    return Object(tuple(made))


def value_or(array: pa.Array, otherwise: RowTemplate, columns: Columns) -> RowTemplate:
    """Give the template for values, with another one for where there is none."""
    column = plain_column(array, columns)
    if not column.null_count:
        return value_of(column, columns)
    if column.null_count == len(column):
        return otherwise
    return Conditional(columns.add_valid(column), value_of(column, columns), otherwise)


def plain_column(array: pa.Array, columns: Columns) -> pa.Array:
    """Give the plain column behind a dictionary or an extension type, without what JSON has no number for."""
    column = columns.plain(array)
    odd = columns.not_finite(column)
    if not odd:
        return column
    if columns.path[-1:] != [NODATA]:
        columns.alter(odd, NOT_FINITE)
        return without(column, odd)
    columns.alter(odd, WRITTEN)
    values = zip(column.is_valid().to_pylist(), python_values(column), strict=True)
    return json_column([None if not valid else v if math.isfinite(v) else str(v) for valid, v in values])


def value_of(array: pa.Array, columns: Columns) -> RowTemplate:
    """Give the template for the values of a plain column; what it makes for a null means nothing."""
    kind, types = array.type, pa.types
    if types.is_struct(kind):
        return object_of(((field.name, array.field(number)) for number, field in enumerate(kind)), columns)
    if kind.num_fields and types.is_map(kind):
        return _maps(array, columns)
    if kind.num_fields and (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return _list_of(array, columns)
    if types.is_decimal(kind):
        numbers_made, rounded = decimals(array)
        columns.alter(rounded, ROUNDED)
        return columns.add(numbers_made)
    try:
        return columns.add_plain(array)
    except UNREADABLE:
        values, broken = readable_values(array)
        if not broken:
            raise
        columns.broken.update(broken)
        return columns.add(values)


def _list_of(array: pa.Array, columns: Columns) -> RowTemplate:
    lengths: Lengths = _lengths(array)
    parts = columns.of_elements(0)
    elements = plain_column(array.flatten(), parts)
    _adopt(columns, parts, lengths)
    length = int(lengths[0]) if len(lengths) else 0
    if (
        0 < length <= MAX_UNROLLED
        and columns.unrolls(elements.type)
        and not elements.null_count
        and not array.null_count
        and (lengths == length).all()
    ):
        if length == 1:
            return Array((value_of(elements, columns),))
        starts = np.arange(0, len(elements), length)
        return Array(tuple(value_of(elements.take(indices(starts + index)), columns) for index in range(length)))
    parts = columns.of_elements(len(elements), keeps_nulls=columns.keeps_nulls)
    template = value_or(elements, NULL, parts)
    _adopt(columns, parts, lengths)
    return columns.add_lists(parts, template, lengths)


def _lengths(array: pa.Array) -> Lengths:
    if pa.types.is_list(array.type):  # where offsets lie, since most lists are of this type
        lengths = np.diff(np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, array.offset * 4)).astype(
            np.int64
        )
    else:
        lengths = numbers(pc.list_value_length(array)).astype(np.int64)
    return np.where(array.is_valid().to_pylist(), lengths, 0) if array.null_count else lengths


def _maps(array: pa.Array, columns: Columns) -> RowTemplate:
    ends = numbers(array.offsets).astype(np.int64)
    first, count = int(ends[0]), int(ends[-1] - ends[0])
    lengths = np.diff(ends)
    keys = array.keys.slice(first, count).cast(pa.string())
    parts = columns.of_elements(count, keeps_nulls=columns.keeps_nulls)
    name, value = (value_or(each, NULL, parts) for each in (keys, array.items.slice(first, count)))
    _adopt(columns, parts, lengths)
    return columns.add_maps(keys, parts, Array((name, value)), lengths)


def _adopt(columns: Columns, parts: Columns, lengths: Lengths) -> None:
    """Take over what was found in elements, by the rows that they lie in."""
    if parts.broken or parts.altered:
        ends = np.cumsum(lengths)
        columns.adopt(parts, lambda elements: np.searchsorted(ends, elements, side="right").tolist())
