"""Rows that are looked for by their hash: what is found, and how many looks that takes."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core import sorted_hashes
from stac_ingest.core.sorted_hashes import Entry, Landmarks, Rows, as_rows, find, in_file, in_memory

MOST = (1 << 64) - 1
halves = st.one_of(st.integers(0, 3), st.integers(MOST - 3, MOST), st.integers(0, MOST))
"""Few values at both ends of the range, so that many rows share one, and any others."""
hashes = st.lists(st.tuples(halves, st.integers(0, 2)), max_size=300)


def rows_of(keys: Sequence[tuple[int, int]]) -> Rows:
    """Make rows of hashes, numbered in their order."""
    return np.array([(*key, number) for number, key in enumerate(keys)], "<u8").reshape(-1, 3)


class Looked:
    """Gives rows, and counts how often it was asked."""

    def __init__(self, rows: Rows) -> None:
        self.rows, self.looks = rows, 0

    def __call__(self, start: int, stop: int) -> bytes:
        assert 0 <= start <= stop <= len(self.rows)
        self.looks += 1
        return in_memory(self.rows)(start, stop)


@given(hashes, st.tuples(halves, st.integers(0, 2)))
def test_all_rows_of_a_hash_are_found(keys: list[tuple[int, int]], other: tuple[int, int]) -> None:
    """In memory and in a file, each row with a hash is found, in order, however many share it; no other is."""
    ordered = sorted(keys)
    rows = rows_of(ordered)
    with tempfile.TemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_hashes, "_TOGETHER", 5)
        patch.setattr(sorted_hashes, "_APART", 7)
        file.write(b"a header" + rows.tobytes())
        file.flush()
        for wanted in {*keys, other}:
            expected = [Entry(place, place) for place, key in enumerate(ordered) if key == wanted]
            assert list(find(Looked(rows), len(rows), *wanted)) == expected
            assert list(find(in_file(file.fileno(), 8), len(rows), *wanted)) == expected
            near = Landmarks(Looked(rows), len(rows)).around(wanted[0])
            assert list(find(Looked(rows), len(rows), *wanted, near)) == expected


@pytest.mark.parametrize("count", [10_000, 1_000_000])
def test_even_hashes_take_few_looks(count: int) -> None:
    """Of rows whose hashes lie evenly, one is found in three looks on average, and in six at most."""
    random = np.random.default_rng(7)
    highs = np.unique(random.integers(0, MOST, count, np.uint64))
    looked = Looked(np.stack([highs, highs, np.arange(len(highs), dtype=np.uint64)], axis=1))
    most = total = 0
    wanted = random.integers(0, len(highs), 500).tolist()
    for place in wanted:
        looked.looks = 0
        high = int(highs[place])
        assert list(find(looked, len(highs), high, high)) == [Entry(place, place)]
        most, total = max(most, looked.looks), total + looked.looks
    assert most <= 6
    assert total <= 3 * len(wanted)


def test_landmarks_lead_to_a_row_at_once() -> None:
    """With the landmarks of a million rows, one is found in a look, and in a second one now and then."""
    random = np.random.default_rng(7)
    highs = np.unique(random.integers(0, MOST, 1_000_000, np.uint64))
    looked = Looked(np.stack([highs, highs, np.arange(len(highs), dtype=np.uint64)], axis=1))
    landmarks = Landmarks(looked, len(highs))
    assert looked.looks <= len(highs) / 4096
    looked.looks = 0
    wanted = random.integers(0, len(highs), 500).tolist()
    for place in wanted:
        high = int(highs[place])
        near = landmarks.around(high)
        assert list(find(looked, len(highs), high, high, near)) == [Entry(place, place)]
    assert looked.looks <= 1.25 * len(wanted)


def test_hashes_that_somebody_has_chosen_take_no_more_than_bisection() -> None:
    """Where hashes lie anything but evenly, the looks are a small multiple of those of a bisection."""
    highs = np.unique((2.0 ** np.linspace(0, 63.9, 200_000)).astype(np.uint64))
    looked = Looked(np.stack([highs, highs, highs], axis=1))
    for place in range(0, len(highs), 97):
        looked.looks = 0
        assert [entry.place for entry in find(looked, len(highs), int(highs[place]), int(highs[place]))] == [place]
        assert looked.looks <= sorted_hashes._BISECT_EVERY * math.log2(len(highs))


def test_a_file_is_read_where_it_is_looked_at(tmp_path: os.PathLike[str]) -> None:
    """Rows come from their places in a file, whatever lies before them."""
    rows = rows_of([(number, 0) for number in range(100)])
    with tempfile.TemporaryFile(dir=tmp_path) as file:
        file.write(b"x" * 17 + rows.tobytes())
        file.flush()
        assert as_rows(in_file(file.fileno(), 17)(40, 43)).tolist() == [[40, 0, 40], [41, 0, 41], [42, 0, 42]]


def test_a_file_that_ends_early_is_an_error(tmp_path: os.PathLike[str]) -> None:
    """Rows that a file should have, and hasn't, are an error rather than none."""
    rows = rows_of([(number, 0) for number in range(1000)])
    with tempfile.TemporaryFile(dir=tmp_path) as file:
        file.write(rows[:600].tobytes())
        file.flush()
        with pytest.raises(ValueError, match="ends before row"):
            list(find(in_file(file.fileno()), len(rows), 599, 0))
