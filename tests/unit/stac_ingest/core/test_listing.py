"""The names of a folder's files, sorted and packed."""

from __future__ import annotations

import random
import tracemalloc
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.core import listing
from stac_ingest.core.listing import NameSorter, PackedNames, kept, place_of
from stac_ingest.sources.directory import walk

# What `os.listdir` gives: any character but a zero and a slash, and bytes that aren't UTF-8 as lone surrogates.
NAME = st.text(
    st.one_of(
        st.characters(exclude_characters="\0/", exclude_categories=["Cs"]),
        st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make runs and blocks so small that a few names have several."""
    monkeypatch.setattr(listing, "RUN", 8)
    monkeypatch.setattr(listing, "BLOCK", 3)
    monkeypatch.setattr(walk, "SOME", 8)
    monkeypatch.setattr(walk, "_SHORT", 0)


def sorted_names(names: Iterable[str]) -> Sequence[str]:
    """Sort names that come a few at a time."""
    sorter, remaining = NameSorter(), iter(names)
    while some := list(islice(remaining, 100)):
        sorter.add(some)
    return sorter.result()


@given(found=st.lists(NAME, unique=True, max_size=60), start=st.integers(-70, 70), stop=st.integers(-70, 70))
def test_packed_names_are_a_sorted_list(found: list[str], start: int, stop: int) -> None:
    """However many there are and whatever is in them, they are what `sorted` gives, by index, slice and search."""
    expected = sorted(found)
    for packed in (sorted_names(found), kept(expected), PackedNames(expected)):
        assert len(packed) == len(expected)
        assert list(packed) == expected
        assert packed[start:stop] == expected[start:stop]
        assert packed[::-2] == expected[::-2]
        assert [bisect_left(packed, name) for name in expected] == list(range(len(expected)))
        for index in {0, -1, start}:
            if -len(expected) <= index < len(expected):
                assert packed[index] == expected[index]
            else:
                with pytest.raises(IndexError):
                    packed[index]


@pytest.mark.slow
def test_many_names_are_never_all_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorting and keeping a hundred thousand names takes a third of what they take as a list, at most."""
    monkeypatch.setattr(listing, "RUN", 5_000)
    monkeypatch.setattr(listing, "BLOCK", 512)

    def found() -> Iterator[str]:
        chance = random.Random(1)
        return (f"S2B_MSIL2A_{chance.randrange(10**12):012}_R{number % 143:03}.json" for number in range(100_000))

    def peak(make: object) -> int:
        tracemalloc.start()
        try:
            result = make(found())  # type: ignore[operator]
            assert len(result) == 100_000
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(sorted_names) < peak(sorted) / 3


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_folder_of_many_files_is_read_once_each(tmp_path: Path, concurrency: int) -> None:
    """Files whose names are packed are all read, in order at a concurrency of 1, also after some were read before."""
    for number in range(200):
        (tmp_path / f"{number * 7919 % 1000:03}.json").write_text(
            f'{{"type": "Feature", "id": "i{number * 7919 % 1000:03}"}}'
        )
    context = WorkflowContext()
    module = IngestModule({"mode": "file", "source": str(tmp_path), "concurrency": concurrency})
    ids = [item["id"] async for item in module.fetch(context)]
    expected = sorted(f"i{number * 7919 % 1000:03}" for number in range(200))
    assert (ids if concurrency == 1 else sorted(ids)) == expected
    assert context.failure_collector.get_all() == []


@given(found=st.lists(NAME, unique=True), asked=st.lists(NAME, min_size=1))
def test_a_name_is_found_where_it_is_in_a_list(found: list[str], asked: list[str]) -> None:
    """The place of a name, or of what isn't there, is the same in a list and in packed names."""
    found.sort()
    packed = PackedNames(found)
    for name in (*asked, *found):
        assert place_of(packed, name) == place_of(found, name) == bisect_left(found, name)


def test_to_find_a_name_unpacks_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names there are: a position is noted for each batch of a run."""
    unpacked = list[int]()
    real = PackedNames._unpacked

    def counting(self: PackedNames, number: int) -> list[str]:
        unpacked.append(number)
        return real(self, number)

    monkeypatch.setattr(PackedNames, "_unpacked", counting)
    packed = PackedNames([f"{number:06}" for number in range(5_000)])
    asked = range(0, 5_000, 50)
    assert [place_of(packed, f"{number:06}") for number in asked] == list(asked)
    assert len(unpacked) <= len(asked)


def test_draining_forgets() -> None:
    """What was drained is gone, and comes in order."""
    packed = PackedNames([f"{number:02}" for number in range(10)])
    drained = packed.drain()
    assert list(islice(drained, 4)) == ["00", "01", "02", "03"]
    assert list(drained) == [f"{number:02}" for number in range(4, 10)]
    assert list(packed) == []
