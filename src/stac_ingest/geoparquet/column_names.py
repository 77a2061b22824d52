"""What columns are called: by the name of their member or property, where that name is free for it.

STAC-GeoParquet has properties and members side by side, so that a property `id` has no column there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

from stac_ingest.core.instants import INSTANTS
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.stac_schema import DEFAULT_GEOMETRY, MEMBERS, MORE_GEOMETRIES, PROPERTIES

CORE = frozenset({*MEMBERS, DEFAULT_GEOMETRY, "bbox", PROPERTIES})
"""Names that no property's column has."""

_ASSETS = Slot(("assets",))


def column_names(kinds: Mapping[Slot, pa.DataType]) -> dict[Slot, str]:
    """Name columns.

    Args:
        kinds: the type of each.

    Returns:
        A name for each, in the same order, and no name twice.

    """
    names = {slot: slot.place[-1] for slot, kind in kinds.items() if _is_plain(slot, kind)}
    taken = set(names.values()) | INSTANTS | MORE_GEOMETRIES | CORE
    for slot in kinds:
        if slot not in names:
            names[slot] = _free_name(slot, taken)
            taken.add(names[slot])
    return {slot: names[slot] for slot in kinds}


def places_json(names: Mapping[Slot, str]) -> str:
    """Give the metadata that say where in an item columns are whose names don't."""
    places = {name: slot.place for slot, name in names.items() if not _has_plain_name(slot, name)}
    return json.dumps({"places": places})


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
