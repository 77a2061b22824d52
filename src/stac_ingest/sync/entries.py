"""What is known of each item without its text: rows of numbers, in arrays of NumPy that lie sorted in files."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stac_ingest.api.intervals import parse_instant
from stac_ingest.core.canonical import CanonicalForm
from stac_ingest.core.id_set import key_of
from stac_ingest.core.key_hash import key_hash
from stac_ingest.core.model import Item
from stac_ingest.filters.boxes import box_of
from stac_ingest.filters.geometries import bounds_of, has_points
from stac_ingest.sharding.splitters.stac_api import own_instant
from stac_ingest.sync.partitions import Partitions

NEVER = np.iinfo(np.int64).min
"""The instant of an item that has none."""

_ABOUT = [
    ("high", "<u8"),  # of the key's hash, see `key_hash`: files of entries are sorted by it, then by `low`
    ("low", "<u8"),
    ("content", "<u8"),  # the digest of the canonical form; 0 where only the id is known
    ("instant", "<i8"),  # the item's own, in microseconds since 1970, or NEVER
    ("updated", "<i8"),  # the same of the property `updated`
    ("partition", "<i4"),  # its number, see `Partitions`
    ("origin", "<u4"),  # the number of the file of the source that it is in; 0 where it is in none
]

FOUND = np.dtype([*_ABOUT, ("task", "<u4"), ("offset", "<u8"), ("length", "<u4")])
"""An item that a task has read: where its text lies in the task's spool."""

HELD = np.dtype([*_ABOUT, ("part", "<u4"), ("row", "<u4"), ("is_gone", "?")])
"""An item that the output holds: the place of its part in the partition's list, and its row there. `is_gone` says that
the source has it no more, and that it was kept or marked."""

SEEN = np.dtype([("high", "<u8"), ("low", "<u8")])
"""An item that the source has, and of which only the id was read."""

Entries = NDArray[Any]
_FORM = CanonicalForm(nulls=False)


class About(NamedTuple):
    """The columns that `FOUND` and `HELD` share, but for the origin."""

    high: int
    low: int
    content: int
    instant: int
    updated: int
    partition: int


def about(item: Item, partitions: Partitions) -> About:
    """Say of an item what is known of it without its text. Null members don't count to its content."""
    instant = own_instant(item)
    properties: Any = item.get("properties")
    updated = parse_instant(properties.get("updated")) if isinstance(properties, dict) else None
    center = _center(item) if partitions.scheme == "cell" else None
    return About(
        *key_hash(*key_of(item)),
        _FORM.digest(item),
        NEVER if instant is None else instant,
        NEVER if updated is None else updated,
        partitions.of(instant, center),
    )


def by_key(entries: Entries) -> Entries:
    """Return entries sorted by their key; those of one key stay in their order."""
    return entries[np.lexsort((entries["low"], entries["high"]))]


def repeats(entries: Entries) -> NDArray[np.bool_]:
    """Return for each of some sorted entries whether the one before it has the same key."""
    same = np.zeros(len(entries), bool)
    same[1:] = (entries["high"][1:] == entries["high"][:-1]) & (entries["low"][1:] == entries["low"][:-1])
    return same


def _center(item: Item) -> tuple[float, float] | None:
    """Return the longitude and the latitude of the middle of an item's box, or of its geometry where it has none."""
    box, geometry = box_of(item.get("bbox")), item.get("geometry")
    if box is None and isinstance(geometry, dict) and has_points(geometry):
        try:
            box = bounds_of(geometry)
        except (ValueError, TypeError):
            return None
    if box is None:
        return None
    east = box.east + 360 if box.crosses else box.east
    center = (box.west + east) / 2, (box.south + box.north) / 2
    return center if all(map(math.isfinite, center)) else None
