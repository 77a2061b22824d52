"""The types that fit columns made one after another, and the columns under those types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.instants import cut_to_microseconds
from stac_ingest.geoparquet.item_boxes import SOLID_SIDES
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.schema_merge import cast_to, exact, merged, narrows, storable

Kinds = Mapping[Slot, pa.DataType]
"""The types of some rows' columns."""
ReadColumns = Callable[[int, Sequence[Slot]], Mapping[Slot, pa.Array]]
"""Returns columns of the rows of a number."""

_BOX = Slot(("bbox",))
_FIRST = {Slot(("id",)): pa.string(), Slot(("geometry",)): pa.binary()}
"""Columns that each file has, one without items too."""
_OF_EMPTY_LISTS = {
    Slot(("stac_extensions",)): pa.list_(pa.string()),
    Slot(("links",)): pa.list_(pa.struct([("href", pa.string()), ("rel", pa.string())])),
}
"""Types of members that the specification asks for, where all that is known of them is that they are empty lists."""


def own_kinds(each: Sequence[Kinds]) -> dict[Slot, pa.DataType]:
    """Merge the types of several columns, whatever Parquet has types for."""
    found: dict[Slot, pa.DataType] = dict(_FIRST)
    for kinds in each:
        for slot, kind in kinds.items():
            found[slot] = merged(found.get(slot, pa.null()), kind)
    return found


def settled_kinds(each: Sequence[Kinds], read: ReadColumns) -> dict[Slot, pa.DataType]:
    """Find the types that fit all rows without a change of a value.

    Args:
        each: the types of some rows, and of others.
        read: gives columns of those of a number, where their types alone don't tell.

    """
    found = own_kinds(each)
    for number, kinds in enumerate(each):
        doubtful = [slot for slot, kind in kinds.items() if narrows(kind, found[slot])]
        for slot, column in read(number, doubtful).items() if doubtful else ():
            found[slot] = exact(column, found[slot])
    for slot, kind in _OF_EMPTY_LISTS.items():
        if found.get(slot) == pa.list_(pa.null()):
            found[slot] = kind
    for slot, kind in list(found.items()):
        if pa.types.is_timestamp(kind) and any(_is_cut(kinds.get(slot), kind) for kinds in each):
            found.setdefault(slot._replace(is_original=True), pa.string())
    settled = {slot: storable(kind) for slot, kind in found.items()}
    if _BOX in settled and pa.types.is_struct(settled[_BOX]):
        sides = {field.name for field in settled[_BOX]}
        settled[_BOX] = pa.struct([(side, pa.float64()) for side in SOLID_SIDES if side in sides])
    return settled


def with_kinds(columns: Mapping[Slot, pa.Array], kinds: Kinds) -> list[pa.Array]:
    """Give columns the types that were settled on, in their order; one that isn't there is null."""
    held = dict(columns)
    rows = len(next(iter(held.values())))
    for slot, column in columns.items():
        if _is_cut(column.type, kinds[slot]):
            held[slot], texts = cut_to_microseconds(column)
            original = slot._replace(is_original=True)
            held[original] = pc.coalesce(held[original], texts) if original in held else texts
    return [cast_to(held[slot], kind) if slot in held else pa.nulls(rows, kind) for slot, kind in kinds.items()]


def _is_cut(own: pa.DataType | None, kind: pa.DataType) -> bool:
    """Tell whether nanoseconds are to become microseconds."""
    return own is not None and pa.types.is_timestamp(own) and own.unit == "ns" and kind.unit == "us"
