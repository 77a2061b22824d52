"""Columns to JSON text, a row a text, by joining strings column-wise.

Arrow joins hundreds of columns of strings in one pass, and parsing the text is the cheapest way to make Python objects;
so this is several times faster than making the objects from the columns.

Nulls: a column is one for all rows, so an item without an asset has a null there, and whether it had the member as null
can't be told. A null member is left out. Elements of a list and values of a map have a place of their own: there a null
stays null.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.scalars import Part, constant, is_json, scalar_parts, without_nan


class Ready(NamedTuple):
    """A member whose JSON text is written already; null where a row has no such member."""

    text: Part


Value: TypeAlias = pa.Array | Ready
Lengths: TypeAlias = npt.NDArray[np.integer[Any]]


def value_parts(array: pa.Array) -> list[Part]:
    """Write values of any type, none of which is null."""
    kind, types = array.type, pa.types
    if types.is_struct(kind):
        return object_parts((kind.field(number).name, array.field(number)) for number in range(kind.num_fields))
    if types.is_map(kind):
        return _map_parts(array)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _list_parts(array)
    literal = constant(array)
    return scalar_parts(array) if literal is None else [literal]


def object_parts(members: Iterable[tuple[str, Value]]) -> list[Part]:
    """Write objects; a member that is null in a row is left out of that row's object."""
    filled = [(name, value) for name, member in members if not _is_empty(value := _plain(member))]
    anchor = next((number for number, (_, value) in enumerate(filled) if not _has_gaps(value)), None)
    if anchor is None:
        return _object_of_optional(filled)
    # The first member that is always there needs no comma of its own; the others bring theirs on the side towards it.
    parts: list[Part] = ["{"]
    for number, (name, value) in enumerate(filled):
        before, after = "," if number > anchor else "", "," if number < anchor else ""
        if _has_gaps(value):
            parts.append(_optional([before, key(name)], value, after).fill_null(""))
        else:
            parts += [before, key(name), *([value.text] if isinstance(value, Ready) else value_parts(value))]
    return [*parts, "}"]


def nullable_parts(array: pa.Array, missing: str = "null") -> list[Part]:
    """Write values, and `missing` where there is none."""
    array = storage(array)
    if not array.null_count:
        return value_parts(array)
    return [missing] if array.null_count == len(array) else [_optional([], array, "").fill_null(missing)]


def joined(parts: Sequence[Part], rows: int) -> pa.Array:
    """Join the pieces of each row; null where one of them is."""
    pieces = merged(parts)
    if len(pieces) == 1:
        return pa.repeat(pieces[0], rows) if isinstance(pieces[0], str) else pieces[0]
    return pc.binary_join_element_wise(*pieces, "")


def merged(parts: Sequence[Part]) -> list[Part]:
    """Make one of pieces that are the same in all rows and stand side by side."""
    pieces: list[Part] = []
    for part in parts:
        if isinstance(part, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += part
        else:
            pieces.append(part)
    return pieces


def key(name: str) -> str:
    """Write the name of a member, as it stands before its value."""
    return orjson.dumps(name).decode() + ":"


def storage(array: pa.Array) -> pa.Array:
    """Give the plain column behind a dictionary or an extension type (but JSON), without NaN and infinity."""
    while isinstance(array, pa.ExtensionArray | pa.DictionaryArray) and not is_json(array.type):
        array = array.storage if isinstance(array, pa.ExtensionArray) else array.dictionary_decode()
    return without_nan(array)


def _plain(value: Value) -> Value:
    return value if isinstance(value, Ready) else storage(value)


def _is_empty(value: Value) -> bool:
    column = value.text if isinstance(value, Ready) else value
    return not isinstance(column, str) and 0 < len(column) == column.null_count


def _has_gaps(value: Value) -> bool:
    column = value.text if isinstance(value, Ready) else value
    return not isinstance(column, str) and column.null_count > 0


def _object_of_optional(filled: Sequence[tuple[str, Value]]) -> list[Part]:
    if not filled:
        return ["{}"]
    # Not `null_handling="skip"`: Arrow 26 then leaves out the rows in which all are null, and the others move up.
    texts = [_optional([",", key(name)], value, "").fill_null("") for name, value in filled]
    return ["{", pc.binary_replace_slice(joined(texts, 0), 0, 1, ""), "}"]


def _optional(before: list[Part], value: Value, after: str) -> pa.Array:
    """Write the values that are there, each at its row; the other rows are null."""
    if isinstance(value, Ready):
        return joined([*before, value.text, after], 0)
    valid = value.is_valid()
    dense = value.drop_null()
    text = joined([*before, *value_parts(dense), after], len(dense))
    place = pc.subtract(pc.cumulative_sum(valid.cast(pa.int32())), 1)
    return text.take(pc.if_else(valid, place, None))


def _list_parts(array: pa.Array) -> list[Part]:
    elements = storage(array.flatten())
    lengths: Lengths = pc.list_value_length(array).to_numpy()
    if not elements.null_count and (lengths == 1).all():
        return ["[", *value_parts(elements), "]"]
    return ["[", _rejoined(nullable_parts(elements), lengths, len(elements)), "]"]


def _map_parts(array: pa.Array) -> list[Part]:
    ends: Lengths = array.offsets.to_numpy()
    start, count = int(ends[0]), int(ends[-1] - ends[0])
    keys, values = (storage(column.slice(start, count)) for column in (array.keys, array.items))
    pairs = [*scalar_parts(keys.cast(pa.string())), ":", *nullable_parts(values)]
    return ["{", _rejoined(pairs, np.diff(ends), count), "}"]


def _rejoined(parts: list[Part], lengths: Lengths, elements: int) -> pa.Array:
    """Join the texts of a list's elements, which are one after another in a column, by commas."""
    texts = joined(parts, elements)
    ends = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), texts), ",")
