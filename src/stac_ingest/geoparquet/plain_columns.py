"""Columns of any table to the types that our own files have, where the values stay what the decoder makes of them.

The decoder says what a value is in an item: see `struct_columns`. Here the same comes as a column, of `null`, bool,
int64, float64, string, JSON, or lists and structs of these.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.json_text import parse_json_text
from stac_ingest.geoparquet.object_columns import MAX_DEPTH
from stac_ingest.geoparquet.scalar_columns import decode_storage, not_finite, python_values
from stac_ingest.geoparquet.value_columns import ColumnMaker

OBJECT = pa.struct([])
"""The type of objects without members."""


# Types are told by their numbers, since a batch has hundreds of columns.
_AS_THEY_ARE = frozenset({pa.lib.Type_STRING, pa.lib.Type_INT64, pa.lib.Type_BOOL, pa.lib.Type_NA})
_LISTS = frozenset({pa.lib.Type_LIST, pa.lib.Type_LARGE_LIST, pa.lib.Type_FIXED_SIZE_LIST})


class NotKnownError(Exception):
    """It isn't known what the decoder makes of a value; or that is no part of an item, or not what is stored."""


def plain_column(array: pa.Array, maker: ColumnMaker, depth: int = 0) -> pa.Array:
    """Give a column with the values that the decoder makes of another one.

    Args:
        array: valid to the last text.
        maker: makes columns of what is JSON, and counts its null members.
        depth: of the column within others.

    Raises:
        NotKnownError: see there.
        ArrowException, ValueError: a value doesn't fit.

    """
    number = array.type.id
    if number in _AS_THEY_ARE:
        return array
    if number == pa.lib.Type_DOUBLE:
        return _finite(array)
    if number == pa.lib.Type_STRUCT:
        return _struct(array, maker, depth)
    if number in _LISTS:
        return _list(array, maker, depth)
    if isinstance(array.type, pa.JsonType):
        return _json(array, maker, depth)
    stored = decode_storage(array)
    return _scalars(array) if stored is array else plain_column(stored, maker, depth)


def struct_of(names: list[str], members: list[pa.Array], given: pa.Array) -> pa.Array:
    """Make a column of objects.

    Args:
        names: of their members.
        members: a column for each.
        given: whether there is an object, for each row.

    """
    if not names:
        return pa.array([{} if one else None for one in given.to_pylist()], OBJECT)
    mask = pc.invert(given) if given.false_count else None
    return pa.StructArray.from_arrays(members, names=names, mask=mask)


def list_of(array: pa.Array, elements: pa.Array, *, keeps_nulls: bool = True) -> pa.Array:
    """Make a column of lists as long as those of another one.

    Args:
        array: of lists of any kind.
        elements: of all of its lists, one after another.
        keeps_nulls: whether a null stays one; else it becomes a list without elements.

    """
    if not array.null_count and pa.types.is_list(array.type) and not array.offset:
        offsets = array.offsets
        first = offsets[0].as_py()
        return pa.ListArray.from_arrays(pc.subtract(offsets, first) if first else offsets, elements)
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    ends = pc.cumulative_sum(lengths.cast(pa.int64())).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    mask = array.is_null() if keeps_nulls and array.null_count else None
    return pa.ListArray.from_arrays(offsets, elements, mask=mask)


def _struct(array: pa.StructArray, maker: ColumnMaker, depth: int) -> pa.Array:
    names = [field.name for field in array.type]
    if depth >= MAX_DEPTH or len(set(names)) != len(names):
        raise NotKnownError
    members = [plain_column(array.field(number), maker, depth + 1) for number in range(len(names))]
    if array.null_count or not names:
        return struct_of(names, members, array.is_valid())
    return pa.StructArray.from_arrays(members, names=names)


def _list(array: pa.Array, maker: ColumnMaker, depth: int) -> pa.Array:
    if depth >= MAX_DEPTH:
        raise NotKnownError
    # `flatten` leaves out what lies behind nulls.
    return list_of(array, plain_column(array.flatten(), maker, depth + 1))


def _json(array: pa.ExtensionArray, maker: ColumnMaker, depth: int) -> pa.Array:
    texts = array.storage.to_pylist()
    values = [None if text is None else parse_json_text(text) for text in texts]
    if values.count(None) != array.null_count:
        raise NotKnownError  # a null that is a value
    return maker.column(values, depth)


def _scalars(array: pa.Array) -> pa.Array:
    kind, types = array.type, pa.types
    if types.is_large_string(kind):
        return array.cast(pa.string())
    if types.is_integer(kind):
        return array.cast(pa.int64())
    if types.is_floating(kind):
        # 0.1 as a 32-bit float is to be 0.1.
        return _finite(_finite(array.cast(pa.float32())).cast(pa.string()).cast(pa.float64()))
    if types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind):
        return texts_of(array)
    raise NotKnownError


def texts_of(array: pa.Array) -> pa.Array:
    """Give times as the decoder writes them.

    Raises:
        NotKnownError: one of them can't be written.

    """
    written = pa.array(python_values(array), pa.string())
    if written.null_count != array.null_count:
        raise NotKnownError
    return written


def _finite(array: pa.Array) -> pa.Array:
    if not_finite(array):
        raise NotKnownError
    return array
