"""Where the items of all partitions are: each is found in its partition's index."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.sync.entries import HELD, by_key
from stac_ingest.sync.places import HeldPlaces, Place
from stac_ingest.sync.sorted_entries import save

MOST = (1 << 64) - 1
halves = st.one_of(st.integers(0, 2), st.integers(MOST - 2, MOST), st.integers(0, MOST))
keys = st.tuples(halves, halves)


@given(st.dictionaries(keys, st.sampled_from([-3, 0, 700]), max_size=60), keys)
def test_each_item_is_found(held: dict[tuple[int, int], int], other: tuple[int, int]) -> None:
    """Of items in several partitions, each is found by its key, with the row of the index; other keys aren't."""
    with tempfile.TemporaryDirectory() as made:
        indexes, expected = {}, {}
        for number in sorted(set(held.values())):
            entries = np.zeros(sum(partition == number for partition in held.values()), HELD)
            entries["high"], entries["low"] = np.array(
                [key for key, partition in held.items() if partition == number], np.uint64
            ).T
            entries = by_key(entries)
            indexes[number] = Path(made) / f"{number}.npy"
            save(indexes[number], entries)
            for row, entry in enumerate(entries):
                expected[int(entry["high"]), int(entry["low"])] = Place(number, row)
        with closing(HeldPlaces(Path(made) / "places.npy", indexes)) as places:
            assert {key: places.find(*key) for key in {*held, other}} == {other: None, **expected}
