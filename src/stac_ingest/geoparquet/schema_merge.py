"""One schema for tables made one after another: members united, and JSON only where values can't share a type.

`pyarrow.unify_schemas` gives up on a whole column when one member of it, such as the `nodata` of one asset, is a number
here and a text there; and it widens integers in ways that a later cast refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

JSON = pa.json_()
"""Arrow's own type for JSON text: readers that don't know it have a text, and ours have the value again."""


def merge_schemas(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Give the schema that every table can be cast_to to."""
    kinds: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            kinds[field.name] = _merged(kinds.get(field.name, pa.null()), field.type)
    return pa.schema(list(kinds.items()))


def cast_to(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give a table the columns and types of the schema that it was merged into."""
    columns = [
        _cast_to(table[field.name].combine_chunks(), field.type)
        if field.name in table.schema.names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def json_column(values: Sequence[Any]) -> pa.Array:
    """Make a column of JSON: for a property that is of one type in one item and of another in the next."""
    texts = [None if value is None else orjson.dumps(_without_nulls(value)).decode() for value in values]
    return pa.ExtensionArray.from_storage(JSON, pa.array(texts, pa.string()))


def _without_nulls(value: Any) -> Any:
    """Leave out null members, which is what an absent one becomes in a column of objects."""
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    return [_without_nulls(member) for member in value] if isinstance(value, list) else value


def _merged(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    types = pa.types
    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    if types.is_struct(one) and types.is_struct(other):
        kinds = {field.name: field.type for field in one}
        for field in other:
            kinds[field.name] = _merged(kinds.get(field.name, pa.null()), field.type)
        return pa.struct(list(kinds.items()))
    if types.is_list(one) and types.is_list(other):
        element = _merged(one.value_type, other.value_type)
        return JSON if element == JSON else pa.list_(element)
    return pa.float64() if {one, other} == {pa.int64(), pa.float64()} else JSON


def _cast_to(array: pa.Array, kind: pa.DataType) -> pa.Array:
    types = pa.types
    if array.type == kind:
        return array
    if types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if kind == JSON:
        return json_column(array.to_pylist())
    if types.is_struct(kind):
        own = {field.name: number for number, field in enumerate(array.type)}
        members = [
            _cast_to(array.field(own[field.name]), field.type)
            if field.name in own
            else pa.nulls(len(array), field.type)
            for field in kind
        ]
        return pa.StructArray.from_arrays(members, fields=list(kind), mask=array.is_null())
    if types.is_list(kind):
        return pa.ListArray.from_arrays(
            array.offsets, _cast_to(array.values, kind.value_type), type=kind, mask=array.is_null()
        )
    # Left are integers among floats. One beyond 2**53 is rounded, as every reader of JSON numbers may round it.
    return array.cast(kind, safe=False)
