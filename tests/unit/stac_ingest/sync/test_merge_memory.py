"""What the merge of a partition holds at once, whatever the partition holds."""

from __future__ import annotations

import tracemalloc
import weakref

import numpy as np
import pytest

from stac_ingest.sync import row_sorter
from stac_ingest.sync.entries import HELD
from stac_ingest.sync.parts import by_part
from stac_ingest.sync.row_sorter import RowSorter
from synced_generations import Drop, Generations, check_index, item

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")

FEW, MANY = 600, 3000


def test_memory_of_a_merge_does_not_grow_with_the_partition(tmp_path, monkeypatch):
    """A merge of five times the items in one partition, with five times the changes, holds as much memory."""
    monkeypatch.setattr(row_sorter, "RUN", 200)
    monkeypatch.setattr(row_sorter, "LEAST", 8)
    peaks = []
    for count in (FEW, FEW, MANY):  # the first one is for what is imported
        output = Generations(tmp_path / f"{len(peaks)}", part_items=200)
        output.run([item(f"i{number:05d}", n=number) for number in range(count)])
        adds = [item(f"i{number:05d}", n=-number) for number in range(0, count, 10)]
        drops = {f"i{number:05d}": Drop.REMOVED for number in range(5, count, 20)}
        drops |= {f"i{number:05d}": Drop.MARKED for number in range(7, count, 40)}
        output.prepare(adds, drops)
        tracemalloc.start()
        merged = output.merge(adds, drops)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        output.publish(merged)
        check_index(output)
        assert output.manifest.items == count - len(range(5, count, 20))
    assert peaks[2] < 1.1 * peaks[1], (peaks[2] - peaks[1]) / (MANY - FEW)


@pytest.mark.parametrize("count", [1000, 10_000])
def test_rows_that_wait_are_bounded(tmp_path, monkeypatch, count):
    """A sorter gives back all rows in order, and never has more of them in memory than twice a run and a block."""
    monkeypatch.setattr(row_sorter, "RUN", 500)
    monkeypatch.setattr(row_sorter, "LEAST", 1)
    sorter = RowSorter(tmp_path / "rows", HELD, ("part", "row"))
    numbers = np.random.default_rng(count).permutation(count)
    for some in np.array_split(numbers, 37):
        rows = np.zeros(len(some), HELD)
        rows["part"], rows["row"] = some // 100, some % 100
        sorter.add(rows)
    assert len(sorter) == count
    found = []
    for part, pieces in by_part(sorter.blocks()):
        rows = [row for entries in pieces for row in entries["row"].tolist()]
        assert len(rows) == 100
        found += [part * 100 + row for row in rows]
    assert found == list(range(count))
    longest = max(map(len, sorter.blocks()))
    assert longest <= 2 * 500
    sorter.remove()
    assert not [*tmp_path.iterdir()]


def test_entries_of_a_part_are_not_kept():
    """However many entries a part has: the block that is looked at is all that is in memory of them."""
    alive: list[weakref.ref[np.ndarray]] = []

    def blocks():
        for start in range(0, 1000, 100):
            rows = np.zeros(100, HELD)
            rows["part"], rows["row"] = np.arange(start, start + 100) // 350, np.arange(start, start + 100)
            alive.append(weakref.ref(rows))
            yield rows
            del rows

    counts = {}
    for part, pieces in by_part(blocks()):
        counts[part] = 0
        for entries in pieces:
            counts[part] += len(entries)
            del entries
            assert sum(block() is not None for block in alive) <= 1
        assert sum(block() is not None for block in alive) <= 1  # where the part's rows are read
    assert counts == {0: 350, 1: 350, 2: 300}
    assert len(alive) == 10
