"""The ledger: what was added is found, once, in memory and in its file; and what it holds in memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.audit import ledger as ledgers
from stac_ingest.audit.ledger import Ledger
from stac_ingest.errors import DataProcessingError

keys = st.tuples(st.sampled_from(["", "c", "d"]), st.text("ab/\0é", min_size=1, max_size=2))
added = st.lists(st.tuples(keys, st.integers(0, 2)), max_size=30)
runs = st.sampled_from([1, 2, 7, 100])
"""Items of a run: several runs go through the file."""

FULL = """
import resource, signal
from pathlib import Path
from stac_ingest.audit import ledger as ledgers
from stac_ingest.errors import DataProcessingError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))
ledgers.RUN = 1_000
ledger = ledgers.Ledger(Path({folder!r}))
try:
    for number in range(3_900):
        ledger.add("c", str(number))
    ledger.sort()
except DataProcessingError as error:
    print(error)
ledger.close()
"""
"""Fills a disk that takes files of so many bytes at most."""


@contextmanager
def ledger_of(run: int, *, by_id: bool = False) -> Iterator[Ledger]:
    """Make a ledger that has so many items in memory while they are added."""
    with tempfile.TemporaryDirectory() as folder, patch.object(ledgers, "RUN", run):
        ledger = Ledger(Path(folder), by_id=by_id)
        yield ledger
        ledger.close()


@given(added, keys, runs)
@settings(max_examples=100, deadline=None)
def test_it_finds_what_was_added(some: list[tuple[tuple[str, str], int]], other: tuple[str, str], run: int) -> None:
    """Each key is found once, with the number that it was first added with, at a place of its own; no other key is."""
    first = dict(reversed(some))
    with ledger_of(run) as ledger:
        for key, number in some:
            ledger.add(*key, number)
        found = {key: ledger.find(*key) for key in {*first, other}}
        assert {key: [entry.number for entry in entries] for key, entries in found.items()} == {
            key: [first[key]] if key in first else [] for key in found
        }
        places = [entry.place for entries in found.values() for entry in entries]
        assert sorted(places) == list(range(len(first)))
        assert [ledger.number(entries[0].place) for entries in found.values() if entries] == [
            first[key] for key, entries in found.items() if entries
        ]
        assert len(ledger) == len(first)
        assert ledger.repeated == len(some) - len(first)


@given(added, runs)
@settings(max_examples=60, deadline=None)
def test_it_knows_ids_alone_where_that_is_asked(some: list[tuple[tuple[str, str], int]], run: int) -> None:
    """By id alone, items of one id are found together, and are the same only where their numbers are."""
    with ledger_of(run, by_id=True) as ledger:
        for (collection, item_id), number in some:
            ledger.add(collection, item_id, number)
        for (_, item_id), _ in some:
            numbers = {number for (_, other), number in some if other == item_id}
            assert sorted(entry.number for entry in ledger.find("any", item_id)) == sorted(numbers)
        assert len(ledger) == len({(item_id, number) for (_, item_id), number in some})


def peak_of(count: int) -> int:
    """Return the most bytes that a ledger of so many items takes at any moment, sorting included."""
    with ledger_of(20_000) as ledger:
        tracemalloc.start()
        for number in range(count):
            ledger.add("c", f"item {number}", number)
        ledger.sort()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert ledger.find("c", "item 7")[0].number == 7
        assert ledger.find("c", f"item {count - 1}")[0].number == count - 1
    return peak


def test_further_items_take_next_to_no_memory() -> None:
    """Four times as many items take no more than half a byte more for each further one: they lie in a file."""
    few = peak_of(60_000)
    assert peak_of(240_000) - few < 180_000 / 2


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """A ledger whose file can't be made says where it should have been."""
    with patch.object(ledgers, "RUN", 1), pytest.raises(DataProcessingError, match="gone: No such file"):
        Ledger(tmp_path / "gone").add("c", "a")


@pytest.mark.parametrize("most", [10_000, 24_000, 24_100, 47_000, 90_000])
def test_a_full_disk_is_said_once(most: int, tmp_path: Path) -> None:
    """Wherever in a run the disk is full, a ledger says so, and closes without another error."""
    script = FULL.format(most=most, folder=str(tmp_path))
    ended = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "File too large" in ended.stdout
