"""The same table with other Arrow types: each that a writer may choose for text, lists, numbers and objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from ingest_bench.writer_table.rows import simple

_BITS = 32


def retyped(table: pa.Table, kind: str) -> pa.Table:
    """Give a table with other types, named as in `WRITERS`."""
    for number, field in enumerate(table.schema):
        column = table[number].combine_chunks()
        if kind in _BY_COLUMN:
            column = _BY_COLUMN[kind](field.name, column)
        else:
            column = _cast(column, _turned(field.type, kind))
        table = table.set_column(number, field.name, column)
    return table


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    try:
        # pyarrow casts no list to a view, and some lists of nulls to what isn't sound.
        return pa.array(column.to_pylist(), kind)
    except (pa.ArrowException, OverflowError):
        return column  # a number that doesn't fit stays as it is


def _turned(kind: pa.DataType, how: str) -> pa.DataType:
    types = pa.types
    if types.is_struct(kind):
        # pyarrow can't write views inside of lists of objects.
        return kind if how == "view" else pa.struct([field.with_type(_turned(field.type, how)) for field in kind])
    if types.is_list(kind):
        if how == "view" and types.is_nested(kind.value_type):
            return kind
        inner = _turned(kind.value_type, how)
        return (
            pa.large_list(inner) if how == "large" else pa.list_view(inner) if how == "list view" else pa.list_(inner)
        )
    plain = _PLAIN.get(how, {})
    return plain.get(str(kind), kind)


_PLAIN: dict[str, dict[str, pa.DataType]] = {
    "large": {"string": pa.large_string(), "binary": pa.large_binary()},
    "view": {"string": pa.string_view(), "binary": pa.binary_view()},
    "32-bit": {"int64": pa.int32(), "double": pa.float32()},
    "decimal": {"int64": pa.decimal128(20, 0)},
}


def _dictionary(_: str, column: pa.Array) -> pa.Array:
    is_plain = pa.types.is_string(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    return column.dictionary_encode() if is_plain else column


def _texts(column: pa.Array) -> pa.Array:
    values = column.to_pylist()
    return pa.array([None if value is None else json.dumps(simple(value)) for value in values], pa.string())


def _json_text(name: str, column: pa.Array) -> pa.Array:
    return _texts(column) if name in {"assets", "links", "stac_extensions"} else column


def _json(_: str, column: pa.Array) -> pa.Array:
    is_nested = pa.types.is_nested(column.type)
    return pa.ExtensionArray.from_storage(pa.json_(), _texts(column)) if is_nested else column


def _map(name: str, column: pa.Array) -> pa.Array:
    if name != "assets":
        return column
    rows = [
        None if value is None else [pair for pair in value.items() if pair[1] is not None]
        for value in column.to_pylist()
    ]
    assets: Any = pa.array([asset for row in rows for _, asset in row or ()])
    return pa.array(rows, pa.map_(pa.string(), assets.type))


_BY_COLUMN: dict[str, Callable[[str, pa.Array], pa.Array]] = {
    "dictionary": _dictionary,
    "JSON text": _json_text,
    "arrow.json": _json,
    "map of assets": _map,
}
