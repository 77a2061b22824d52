"""One schema for columns made one after another: members united, and JSON only where values can't share a type.

`pyarrow.unify_schemas` gives up on a whole column when one member of it, such as the `nodata` of one asset, is a number
here and a text there; and it widens integers in ways that a later cast refuses.
"""

from __future__ import annotations

import pyarrow as pa

from stac_ingest.geoparquet.instants import MICROSECONDS, NANOSECONDS
from stac_ingest.geoparquet.json_text import JSON, json_column
from stac_ingest.geoparquet.row_codegen import ColumnSet
from stac_ingest.geoparquet.row_template import NULL
from stac_ingest.geoparquet.struct_columns import value_or


def merged(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """Give the type that columns of both can be `cast_to`, but for what `exact` says."""
    types = pa.types
    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    if types.is_struct(one) and types.is_struct(other):
        kinds = {field.name: field.type for field in one}
        for field in other:
            kinds[field.name] = merged(kinds.get(field.name, pa.null()), field.type)
        return pa.struct(list(kinds.items()))
    if types.is_list(one) and types.is_list(other):
        return _list_of(merged(one.value_type, other.value_type))
    if types.is_timestamp(one) and types.is_timestamp(other):
        return NANOSECONDS
    return pa.float64() if {one, other} == {pa.int64(), pa.float64()} else JSON


def storable(kind: pa.DataType) -> pa.DataType:
    """Give the type with JSON for objects without members, which Parquet has no type for."""
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, storable(field.type)) for field in kind]) if kind.num_fields else JSON
    return _list_of(storable(kind.value_type)) if pa.types.is_list(kind) else kind


def narrows(own: pa.DataType, kind: pa.DataType) -> bool:
    """Tell whether some values of a column may not be the same under the type it was merged into."""
    types = pa.types
    if own == kind:
        return False
    if types.is_struct(own) and types.is_struct(kind):
        return any(narrows(field.type, kind.field(field.name).type) for field in own)
    if types.is_list(own) and types.is_list(kind):
        return narrows(own.value_type, kind.value_type)
    return bool(types.is_floating(kind) or types.is_timestamp(kind))


def exact(array: pa.Array, kind: pa.DataType) -> pa.DataType:
    """Give the type with JSON for floats, and with another unit for instants, where the array's values don't fit.

    Those are integers that no float is equal to, and instants of years that nanoseconds can't be counted to.
    """
    types = pa.types
    if array.type == kind or types.is_null(array.type):
        return kind
    if types.is_struct(array.type) and types.is_struct(kind):
        kinds = {field.name: field.type for field in kind}
        for number, field in enumerate(array.type):
            kinds[field.name] = exact(array.field(number), kinds[field.name])
        return pa.struct(list(kinds.items()))
    if types.is_list(array.type) and types.is_list(kind):
        return _list_of(exact(array.values, kind.value_type))
    if kind in (JSON, MICROSECONDS):
        return kind
    try:
        array.cast(kind)
    except pa.ArrowInvalid:
        return array.type if types.is_timestamp(kind) else JSON
    return kind


def cast_to(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Give an array the type that its own was merged into."""
    types = pa.types
    if array.type == kind:
        return array
    if types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if kind == JSON:
        rows = ColumnSet(len(array))
        return json_column(list(rows.rows(value_or(array, NULL, rows))))
    if types.is_struct(kind):
        own = {field.name: number for number, field in enumerate(array.type)}
        members = [
            cast_to(array.field(own[field.name]), field.type) if field.name in own else pa.nulls(len(array), field.type)
            for field in kind
        ]
        return pa.StructArray.from_arrays(members, fields=list(kind), mask=array.is_null())
    if types.is_list(kind):
        if array.offset:  # a copy of the part, since a slice's offsets aren't taken beside nulls
            array = pa.concat_arrays([array, array.slice(0, 0)])
        return pa.ListArray.from_arrays(
            array.offsets, cast_to(array.values, kind.value_type), type=kind, mask=array.is_null()
        )
    return array.cast(kind)


def _list_of(element: pa.DataType) -> pa.DataType:
    return JSON if element == JSON else pa.list_(element)
