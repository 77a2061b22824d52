"""The links of a walk that wait: each comes once, in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.sources.catalog.frontier import Frontier

GROUPS = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 2500)), max_size=8)


@settings(max_examples=40)
@given(groups=GROUPS, together=st.sampled_from([1, 7, 64]), between=st.integers(0, 30))
def test_every_link_comes_once(groups: list[tuple[int, bool, int]], together: int, between: int) -> None:
    """Whatever is added while units are taken, each link comes once, with its depth, and no more together than said."""
    frontier, added, found = Frontier(together), set(), []
    for number, (depth, are_items, count) in enumerate(groups):
        links = [f"{number}/{link}" for link in range(count)]
        added |= {(link, depth, are_items) for link in links}
        frontier.add(iter(links), depth, are_items=are_items)
        for unit in islice(frontier, between):
            assert 0 < len(unit.urls) <= together
            found += [(url, unit.depth, unit.are_items) for url in unit.urls]
    found += [(url, unit.depth, unit.are_items) for unit in frontier for url in unit.urls]
    assert len(found) == len(added)
    assert set(found) == added


def test_items_come_before_documents_and_in_their_order() -> None:
    """Items are read while few links wait, and those of a document in the order in which it names them."""
    frontier = Frontier(2)
    frontier.add(["c", "d"], 1, are_items=False)
    frontier.add(["i", "j", "k"], 1, are_items=True)
    assert [list(unit.urls) for unit in frontier] == [["i", "j"], ["k"], ["c", "d"]]


def test_many_links_are_kept_in_little_memory() -> None:
    """Thirty thousand links that wait take a few bytes each."""

    def links() -> Iterator[str]:
        return (
            f"https://example.com/catalog/collection/S2A_{number:08d}/S2A_{number:08d}.json" for number in range(30_000)
        )

    frontier = Frontier(1)
    tracemalloc.start()
    try:
        frontier.add(links(), 1, are_items=True)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 600_000
    assert sum(len(unit.urls) for unit in frontier) == 30_000
