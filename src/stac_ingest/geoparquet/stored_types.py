"""Our columns in the types that table formats have, which have none for JSON; and back, by what our writer has said.

The description is JSON that a table keeps as a property: what the metadata of our files say under the same key
(`stac_schema.PLACES_KEY`), the columns of texts that are JSON, and those that hold what another one can't::

    {"places": {"properties.id": ["properties", "id"]}, "json": [["assets", "data", "nodata"]], "originals": []}

Members within lists are under the name `[]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from stac_ingest.geoparquet.json_text import JSON
from stac_ingest.geoparquet.stac_schema import PLACES_KEY, plain_schema, with_plain_types

_ELEMENT = "[]"
_JSON_KEY = "json"

Path = tuple[str, ...]


def stored_kind(kind: pa.DataType) -> pa.DataType:
    """Give a type with text for JSON."""
    if kind == JSON:
        return pa.string()
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, stored_kind(field.type)) for field in kind])
    return pa.list_(stored_kind(kind.value_type)) if pa.types.is_list(kind) else kind


def json_paths(kind: pa.DataType, path: Path = ()) -> Iterator[Path]:
    """Find where in a type there is JSON."""
    if kind == JSON:
        yield path
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from json_paths(field.type, (*path, field.name))
    elif pa.types.is_list(kind):
        yield from json_paths(kind.value_type, (*path, _ELEMENT))


def retyped(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Give a column with text for JSON, or JSON for text.

    Args:
        array: of any type.
        kind: the same but for that.

    """
    if array.type == kind:
        return array
    if isinstance(array.type, pa.JsonType):
        return array.storage.cast(kind)
    if kind == JSON:
        return pa.ExtensionArray.from_storage(JSON, array.cast(pa.string()))
    if pa.types.is_struct(kind):
        members = [retyped(array.field(number), field.type) for number, field in enumerate(kind)]
        return pa.StructArray.from_arrays(members, fields=list(kind), mask=array.is_null())
    if not pa.types.is_list(kind):
        return array.cast(kind)
    if not pa.types.is_list(array.type):
        array = array.cast(pa.list_(array.type.value_field))
    if array.offset:  # a copy of the part, since a slice's offsets aren't taken beside nulls
        array = pa.concat_arrays([array, array.slice(0, 0)])
    values = retyped(array.values, kind.value_type)
    return pa.ListArray.from_arrays(array.offsets, values, type=kind, mask=array.is_null())


def read_description(text: str | None) -> dict[str, Any] | None:
    """Parse what a table says of itself; None where our writer said nothing."""
    try:
        described = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return described if isinstance(described, dict) else None


def described_schema(schema: pa.Schema, description: str | None) -> pa.Schema:
    """Give the schema of a table's rows with what our writer has said of them.

    Args:
        schema: of the rows as a table's reader gives them.
        description: of the table; None where it has none.

    Returns:
        Plain types, JSON where a text is JSON, and the metadata of a file of ours.

    """
    plain = with_json(schema, description)
    return plain if read_description(description) is None else plain.with_metadata({PLACES_KEY: description})


def with_json(schema: pa.Schema, description: str | None) -> pa.Schema:
    """Give plain types, and JSON where a description says that a text is JSON."""
    plain = pa.schema([field.with_type(_small(field.type)) for field in plain_schema(schema)])
    paths = (read_description(description) or {}).get(_JSON_KEY)
    wanted = {tuple(path) for path in paths if _is_path(path)} if isinstance(paths, list) else set()
    return pa.schema([field.with_type(_with_json(field.type, (field.name,), wanted)) for field in plain])


def described_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give rows the types of a schema from `described_schema`."""
    plain = with_plain_types(batch, plain_schema(batch.schema))
    columns = [retyped(column, field.type) for column, field in zip(plain.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def description_of(
    kinds: Mapping[str, pa.DataType], places: Mapping[str, list[str]], originals: list[str]
) -> dict[str, Any]:
    """Describe columns.

    Args:
        kinds: their types, by their names.
        places: where in an item those are whose names don't say so.
        originals: those that hold what another column for the same place can't.

    """
    paths = [list(path) for name, kind in kinds.items() for path in json_paths(kind, (name,))]
    return {"places": dict(places), _JSON_KEY: paths, "originals": originals}


def _small(kind: pa.DataType) -> pa.DataType:
    """Give a type with offsets of 32 bits: some readers have 64 in one batch, and not in the next."""
    types = pa.types
    if types.is_large_string(kind):
        return pa.string()
    if types.is_large_binary(kind):
        return pa.binary()
    if types.is_struct(kind):
        return pa.struct([field.with_type(_small(field.type)) for field in kind])
    if types.is_list(kind) or types.is_large_list(kind):
        return pa.list_(_small(kind.value_type))  # writers call elements by names of their own
    return kind


def _is_path(path: object) -> bool:
    return isinstance(path, list) and all(isinstance(name, str) for name in path)


def _with_json(kind: pa.DataType, path: Path, wanted: set[Path]) -> pa.DataType:
    if path in wanted and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return JSON
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_with_json(field.type, (*path, field.name), wanted)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(_with_json(kind.value_type, (*path, _ELEMENT), wanted))
    return kind
