"""A table in a store: which ranges are asked for, and what Arrow gets."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.stores import table_file
from stac_ingest.stores.objects import StoredObject
from stac_ingest.stores.table_file import GAP, HELD, PIECE, StoredTable


class Bytes:
    """A store of one object that is never made: each byte tells where it is. It counts."""

    url = "memory://x"

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def head(self, key: str) -> StoredObject:
        raise NotImplementedError

    def read(self, of: StoredObject, start: int = 0, stop: int | None = None) -> bytes:
        stop = of.size if stop is None else stop
        self.asked.append((start, stop))
        return bytes(at % 251 for at in range(start, stop)) if stop - start < GAP else bytes(stop - start)

    def listed(self, prefix: str, refuse: object = None) -> Iterator[list[StoredObject]]:
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing."""


@given(
    spans=st.lists(st.tuples(st.integers(-50, 900), st.integers(-50, 1100)), max_size=8),
    reads=st.lists(st.tuples(st.integers(0, 999), st.integers(1, 200)), max_size=20),
)
def test_whatever_is_expected_the_bytes_are_those_of_the_object(
    spans: list[tuple[int, int]], reads: list[tuple[int, int]]
) -> None:
    """Ranges that overlap, are empty or lie outside of the file, as a damaged footer names them, change no byte."""
    table = StoredTable(Bytes(), StoredObject("x", 1000, ""))
    table.expect(spans)
    with table.open() as reader:
        for at, size in reads:
            reader.seek(at)
            assert reader.read(size) == bytes(one % 251 for one in range(at, min(at + size, 1000)))


def test_what_lies_close_together_is_one_request() -> None:
    """Ranges with small gaps come by one request, far ones by one each, and nothing that is held comes again."""
    store = Bytes()
    table = StoredTable(store, StoredObject("x", 10 * GAP, ""))
    table.expect([(0, 10), (20, 30), (5 * GAP, 5 * GAP + 10)])
    assert store.asked == [(0, 30), (5 * GAP, 5 * GAP + 10)]
    table.expect([(5, 10), (20, 25)])
    assert len(store.asked) == 2


def test_a_large_row_group_is_held_in_part() -> None:
    """Of a row group beyond what is held pieces come when they are needed, and no more than that is in memory."""
    store, size = Bytes(), 3 * HELD
    table = StoredTable(store, StoredObject("x", size, ""))
    table.expect([(0, size)])
    assert store.asked == []
    for at in range(0, size - GAP, GAP):
        table.read(at, at + GAP)
        assert sum(len(block.data) for block in table._blocks) <= HELD
    assert len(store.asked) <= size // PIECE + 1
    assert table_file.PIECE <= table_file.HELD
