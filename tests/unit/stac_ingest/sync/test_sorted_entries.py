"""Sorted files of entries, and what is looked up in them."""

from __future__ import annotations

import random
import tracemalloc

import numpy as np
import pytest

from stac_ingest.sync import row_sorter, sorted_entries
from stac_ingest.sync.entries import HELD, SEEN
from stac_ingest.sync.known import KnownItems, write_known
from stac_ingest.sync.sorted_entries import EntriesWriter, Ranges, save, together


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 1000])
def test_written_sorted(tmp_path, monkeypatch, count):
    """Whatever the order in which entries come, and however many wait, the file has each of them, in order."""
    monkeypatch.setattr(row_sorter, "RUN", 100)
    random_keys = random.Random(count)
    keys = [(random_keys.getrandbits(64), random_keys.getrandbits(1)) for _ in range(count)]
    writer = EntriesWriter(tmp_path / "keys.npy", SEEN)
    for key in keys:
        writer.add(*key)
    writer.finish()
    assert [tuple(map(int, entry)) for entry in np.load(tmp_path / "keys.npy")] == sorted(keys)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.npy"]


def test_ranges_have_every_entry_and_its_place(tmp_path, monkeypatch):
    """Files that are read in ranges give each entry once, in the range of its key, with its place in its file."""
    monkeypatch.setattr(sorted_entries, "RANGE", 50)
    highs = np.random.default_rng(1).integers(0, 2**64, 1000, np.uint64)
    paths = []
    for number in range(3):
        some = np.zeros(len(highs[number::3]), SEEN)
        some["high"] = np.sort(highs[number::3])
        paths.append(tmp_path / f"{number}.npy")
        save(paths[-1], some)
    found, last = [], -1
    ranges = Ranges([paths])
    assert ranges.count == 20
    for (stretches,) in ranges:
        for path, (start, entries) in zip(paths, stretches, strict=True):
            assert (np.load(path)[start : start + len(entries)] == entries).all()
        entries = together(stretches, SEEN)
        assert not len(entries) or int(entries["high"][0]) > last
        last = int(entries["high"][-1]) if len(entries) else last
        found += entries["high"].tolist()
    assert found == sorted(highs.tolist())


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_known_items_are_found_by_their_keys(tmp_path, count):
    """What is held is found with its content, and what isn't, or was gone, is not."""
    held = np.zeros(count, HELD)
    held["high"] = np.sort(np.random.default_rng(2).integers(0, 2**64, count, np.uint64))
    held["high"][1::7] = held["high"][::7][: len(held["high"][1::7])]
    held["low"][1::7] = 1
    held["content"] = np.arange(count)
    held["is_gone"] = np.arange(count) % 5 == 3
    save(tmp_path / "a.npy", held[::2])
    save(tmp_path / "b.npy", held[1::2])
    write_known(tmp_path / "known.npy", [tmp_path / "a.npy", tmp_path / "b.npy"])
    known = KnownItems(tmp_path / "known.npy")
    for entry in held:
        expected = None if entry["is_gone"] else int(entry["content"])
        assert known.content(int(entry["high"]), int(entry["low"])) == expected
        assert known.content(int(entry["high"]), 2) is None
    for high in (0, 2**63, 2**64 - 1):
        assert known.content(high, 7) is None
    known.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "b.npy", "known.npy"]


def test_memory_does_not_grow_with_the_entries(tmp_path, monkeypatch):
    """To sort and read four times as many entries takes as much memory."""
    monkeypatch.setattr(row_sorter, "RUN", 5000)
    monkeypatch.setattr(sorted_entries, "RANGE", 5000)
    peaks = []
    for count in (40_000, 160_000):
        tracemalloc.start()
        writer = EntriesWriter(tmp_path / f"{count}.npy", SEEN)
        for number in range(count):
            writer.add(number * 0x9E3779B97F4A7C15 % 2**64, number)
        writer.finish()
        ranges = Ranges([[tmp_path / f"{count}.npy"]])
        assert sum(len(stretches[0].entries) for (stretches,) in ranges) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
