"""The columns of a table that takes items in parts, and whose columns never change their types.

The types of a column are settled when it is first seen. A later value of another type is kept as JSON in a column
beside it, which goes before it where our reader makes items of the rows: the type stays, and no value is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.column_names import CORE, column_names
from stac_ingest.geoparquet.instants import MICROSECONDS
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.json_text import JSON, json_column, parse_json_text
from stac_ingest.geoparquet.schema_merge import cast_to, exact, merged
from stac_ingest.geoparquet.spool import Spool
from stac_ingest.geoparquet.stac_schema import PROPERTIES
from stac_ingest.geoparquet.stored_types import (
    description_of,
    read_description,
    retyped,
    stored_kind,
    with_json,
)
from stac_ingest.geoparquet.value_columns import ColumnMaker

UNUSUAL = frozenset(" ,;{}()\n\t=")
"""Characters that Delta Lake allows in no name of a column, but for tables that few can read."""


class GrowingTable:
    """The columns of a table, whose number grows.

    Attributes:
        kept_apart: columns, by their names, some of whose values came with another type, and where these are.

    """

    def __init__(self, schema: pa.Schema | None = None, description: str | None = None) -> None:
        """Begin without columns, or with those of a table that is there.

        Args:
            schema: of the table's rows, as Arrow has it.
            description: what an earlier run has said of it.

        """
        self._kinds: dict[Slot, pa.DataType] = {}
        self._names: dict[Slot, str] = {}
        self.kept_apart: dict[str, str] = {}
        described = read_description(description) or {}
        places, originals = described.get("places", {}), described.get("originals", [])
        for field in () if schema is None else with_json(schema, description):
            place = (field.name,) if field.name in CORE else (PROPERTIES, field.name)
            slot = Slot(tuple(places.get(field.name, place)), field.name in originals)
            self._kinds[slot], self._names[slot] = field.type, field.name

    def begin(self, spool: Spool) -> None:
        """Have a spool take the types that there are into account."""
        if self._kinds:
            spool.add({slot: pa.nulls(0, kind) for slot, kind in self._kinds.items()})

    def admit(self, spool: Spool) -> Iterator[pa.RecordBatch]:
        """Take in the columns of items, and give the rows under the schema that the table has then.

        Args:
            spool: that `begin` was told of; it holds the items' columns.

        Raises:
            OSError: the spool can't be read.
            ArrowException: Arrow has no form for a value.

        """
        found = spool.kinds()
        apart = [slot for slot, kind in list(found.items()) if not self._take(slot, kind)]
        # What is null throughout has no column.
        wanted = {slot: self._kinds.get(slot, pa.null()) for slot in found}
        for slot, kind in found.items():
            if pa.types.is_timestamp(kind) and kind != MICROSECONDS:
                self._take(slot._replace(is_original=True), pa.string())
                wanted[slot._replace(is_original=True)] = self._kinds[slot._replace(is_original=True)]
        for slot in apart:
            original = slot._replace(is_original=True)
            self._take(original, JSON)
            self.kept_apart[self._names[slot]] = self._names[original]
            wanted[slot] = JSON
            wanted.setdefault(original, self._kinds[original])
        return self._batches(spool, wanted, apart)

    @property
    def schema(self) -> pa.Schema:
        """Of the rows, in the types that table formats have."""
        return pa.schema([(self._names[slot], stored_kind(kind)) for slot, kind in self._kinds.items()])

    @property
    def description(self) -> str:
        """What our reader needs to know of the columns."""
        kinds = {self._names[slot]: kind for slot, kind in self._kinds.items()}
        places = {name: list(slot.place) for slot, name in self._names.items() if not _is_evident(slot, name)}
        originals = [name for slot, name in self._names.items() if slot.is_original]
        return json.dumps(description_of(kinds, places, originals))

    def _take(self, slot: Slot, kind: pa.DataType) -> bool:
        """Make room for values of a type; tell whether they fit the column that there is."""
        own, wanted = self._kinds.get(slot), _admissible(kind)
        if wanted is None:
            return True
        if own is None:
            self._names[slot] = self._name(slot, wanted)
            self._kinds[slot] = wanted
            return True
        grown = _grown(own, wanted)
        if grown is None or pa.types.is_timestamp(own):
            return bool(pa.types.is_timestamp(own))
        self._kinds[slot] = grown
        return True

    def _name(self, slot: Slot, kind: pa.DataType) -> str:
        """Give a column a name that no other one has, whatever the case of its letters."""
        taken = {name.casefold() for name in self._names.values()}
        name = column_names({slot: kind})[slot]
        if name.casefold() in taken:
            name = ".".join(slot.place if len(slot.place) > 1 else ("item", *slot.place))
        name = "".join("_" if letter in UNUSUAL else letter for letter in name) or "_"
        while name.casefold() in taken:
            name += "_"
        return name

    def _batches(
        self, spool: Spool, wanted: dict[Slot, pa.DataType], apart: Sequence[Slot]
    ) -> Iterator[pa.RecordBatch]:
        schema = self.schema
        for columns in spool.columns(wanted):
            held = dict(zip(wanted, columns, strict=True))
            if not (rows := len(columns[0])):
                continue
            for slot in apart:
                original = slot._replace(is_original=True)
                held[slot], others = _split(held[slot], self._kinds[slot])
                held[original] = _either(held[original], others)
            arrays = [
                retyped(held[slot], field.type) if slot in held else pa.nulls(rows, field.type)
                for slot, field in zip(self._kinds, schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_evident(slot: Slot, name: str) -> bool:
    """Tell whether a column's name says where its values are in an item."""
    return not slot.is_original and name == slot.place[-1] and (name in CORE) == (len(slot.place) == 1)


def _admissible(kind: pa.DataType) -> pa.DataType | None:
    """Give the type that a table can have for values of a type; None where they are all null."""
    types = pa.types
    if types.is_null(kind):
        return None
    if types.is_timestamp(kind):
        return MICROSECONDS
    if types.is_struct(kind):
        members = [(field.name, _admissible(field.type)) for field in kind]
        held = [(name, of) for name, of in members if of is not None]
        names = {name.casefold() for name, _ in held}
        unusual = any(not name or UNUSUAL & set(name) for name, _ in held)
        return JSON if not held or len(names) < len(held) or unusual else pa.struct(held)
    if types.is_list(kind):
        element = _admissible(kind.value_type)
        return JSON if element in (None, JSON) else pa.list_(element)
    return kind


def _grown(own: pa.DataType, kind: pa.DataType) -> pa.DataType | None:
    """Give a column's type with what is new in another type; None where it would have to become another one."""
    types = pa.types
    if own in (kind, JSON):
        return own
    if types.is_struct(own) and types.is_struct(kind):
        members = {field.name: field.type for field in own}
        for field in kind:
            grown = _grown(members[field.name], field.type) if field.name in members else field.type
            if grown is None:
                return None
            members[field.name] = grown
        whole = pa.struct(list(members.items()))
        return whole if _admissible(whole) == whole else None
    if types.is_list(own) and types.is_list(kind):
        element = _grown(own.value_type, kind.value_type)
        return None if element is None else pa.list_(element)
    return None


def _split(column: pa.Array, kind: pa.DataType) -> tuple[pa.Array, pa.Array]:
    """Put values that a type can hold into a column of it, and the others, as JSON, into another one."""
    values = [None if text is None else parse_json_text(text) for text in column.storage.to_pylist()]
    fits = [value is not None and _fits(value, kind) for value in values]
    own = ColumnMaker().column([value if fit else None for value, fit in zip(values, fits, strict=True)])
    others = [None if fit else value for value, fit in zip(values, fits, strict=True)]
    return cast_to(own, kind), json_column(others)


def _fits(value: Any, kind: pa.DataType) -> bool:
    column = ColumnMaker().column([value])
    together = merged(kind, column.type)
    return bool(together == kind and exact(column, together) == kind)


def _either(first: pa.Array, second: pa.Array) -> pa.Array:
    """Give the first column where it has a value, and else the second, which is JSON."""
    joined = pc.coalesce(retyped(first, pa.string()), retyped(second, pa.string()))
    return retyped(joined, first.type)
