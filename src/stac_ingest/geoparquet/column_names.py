"""What columns are called: by the name of their member or property, where that name is free for it.

STAC-GeoParquet has properties and members side by side, so that a property `id` has no column there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa

from stac_ingest.core.instants import INSTANTS
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.stac_schema import DEFAULT_GEOMETRY, MEMBERS, MORE_GEOMETRIES, PROPERTIES, Place

CORE = frozenset({*MEMBERS, DEFAULT_GEOMETRY, "bbox", PROPERTIES})
"""Names that no property's column has."""

_ASSETS = Slot(("assets",))


def column_names(kinds: Mapping[Slot, pa.DataType], reserved: Collection[str] = ()) -> dict[Slot, str]:
    """Name columns.

    Args:
        kinds: the type of each.
        reserved: names that none of them has.

    Returns:
        A name for each, in the same order, and no name twice.

    """
    names = {
        slot: slot.place[-1] for slot, kind in kinds.items() if _is_plain(slot, kind) and slot.place[-1] not in reserved
    }
    taken = {*names.values(), *reserved} | INSTANTS | MORE_GEOMETRIES | CORE
    for slot in kinds:
        if slot not in names:
            names[slot] = _free_name(slot, taken)
            taken.add(names[slot])
    return {slot: names[slot] for slot in kinds}


def places_of(names: Mapping[Slot, str]) -> dict[str, Place]:
    """Say where in an item columns are whose names don't, by their names."""
    return {name: slot.place for slot, name in names.items() if not _has_plain_name(slot, name)}


def slots_of(names: Sequence[str], places: Mapping[Place, str]) -> dict[str, Slot]:
    """Say what the columns of a file of ours hold.

    Args:
        names: of the columns, without one that no item has.
        places: where those are in an item whose names don't say it.

    Returns:
        A slot for each name, in the same order.

    """
    elsewhere = {name: place for place, name in places.items()}
    plain = {name: (name,) if name in CORE else (PROPERTIES, name) for name in names if name not in elsewhere}
    taken = set(plain.values())
    # A second column for a place has what was given, where the first one holds less.
    return {
        name: Slot(elsewhere[name], is_original=elsewhere[name] in taken) if name in elsewhere else Slot(plain[name])
        for name in names
    }


def _is_plain(slot: Slot, kind: pa.DataType) -> bool:
    """Tell whether a column has the name that every reader looks for."""
    if slot.is_original or (slot == _ASSETS and not pa.types.is_struct(kind)):
        return False  # of assets, other readers understand an object with members alone
    return (slot.place[-1] in CORE) == (len(slot.place) == 1)


def _has_plain_name(slot: Slot, name: str) -> bool:
    return not slot.is_original and name == slot.place[-1] and (name in CORE) == (len(slot.place) == 1)


def _free_name(slot: Slot, taken: set[str]) -> str:
    name = slot.place[-1]
    if not slot.is_original and len(slot.place) == 1 and name not in taken:
        return name
    name = ".".join(slot.place) if len(slot.place) > 1 else f"item.{name}"
    while name in taken:
        name += "_"
    return name
