"""A column `properties` that holds properties as one object: its members are merged with the columns beside it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from stac_ingest.core.model import Item
from stac_ingest.geoparquet.row_codegen import ColumnSet
from stac_ingest.geoparquet.row_template import NULL, Altered
from stac_ingest.geoparquet.scalar_columns import decode_storage
from stac_ingest.geoparquet.struct_columns import value_or

KEPT = "datetime"
"""The property that every item has, as null too."""
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def as_json(column: pa.Array) -> pa.Array:
    """Give a column of texts as one of JSON, whose values are parsed, and any other one as it is."""
    plain = decode_storage(column)
    types = pa.types
    if types.is_binary(plain.type) or types.is_large_binary(plain.type):
        plain = plain.cast(pa.string())  # writers of before Parquet had texts leave them as bytes
    if types.is_string(plain.type) or types.is_large_string(plain.type):
        return pa.ExtensionArray.from_storage(pa.json_(), plain.cast(pa.string()))
    return plain


def with_properties(
    items: Iterator[Item], column: pa.Array, columns: ColumnSet, clashes: list[Altered]
) -> Iterator[Item]:
    """Merge the members of the objects in a column into the properties of items.

    Where a column beside it and an object hold different values, that of the object stays.

    Args:
        items: of all rows, with the properties that have columns of their own.
        column: of structs, maps or JSON; a value that is no object stays a property by itself.
        columns: what the items are made of; takes what can't be read, and what is altered.
        clashes: takes the values of columns that give way, as the item of their row comes.

    """
    objects = as_json(column)
    parts = ColumnSet(len(column), ("properties",))
    values = parts.rows(value_or(objects, NULL, parts))
    columns.broken |= parts.broken
    columns.altered += parts.altered
    kind = objects.type
    dated = pa.types.is_struct(kind) and kind.get_field_index(KEPT) >= 0
    return _merged(items, values, clashes, dated=dated)


def _merged(items: Iterator[Item], values: Iterator[Any], clashes: list[Altered], *, dated: bool) -> Iterator[Item]:
    for row, (item, value) in enumerate(zip(items, values, strict=True)):
        own = item["properties"]
        if isinstance(value, dict):
            for name, member in value.items():
                if own.get(name) is not None and not _is_same(own[name], member):
                    what = f"the column {name} holds {own[name]!r:.60}, properties {member!r:.60}: the latter kept"
                    clashes.append(Altered(row, f"properties.{name}", what))
                own[name] = member
            if dated:
                own.setdefault(KEPT, None)
        elif value is not None:
            own["properties"] = value
        yield item


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether values are alike; so are two ways to write an instant."""
    if one == other:
        return bool(_truths(one) == _truths(other))  # to Python, true is 1
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    instant = _instant(one)
    return instant is not None and instant == _instant(other)


def _truths(value: Any) -> Any:
    """Give a value with nothing but its truth values, which stand where they stood."""
    if isinstance(value, dict):
        return {name: _truths(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_truths(member) for member in value]
    return value if isinstance(value, bool) else None


def _instant(text: str) -> tuple[dt.datetime, str] | None:
    """Read a timestamp as its whole second and all digits of its fraction, of which Python keeps six."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    try:
        return dt.datetime.fromisoformat((match[1] + (match[3] or "")).upper()), (match[2] or "").rstrip("0")
    except ValueError:
        return None
