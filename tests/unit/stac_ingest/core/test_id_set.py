"""The table that remembers what was delivered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.id_set import IdSet


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4))))
def test_it_is_a_set(pairs: list[tuple[str, str]]) -> None:
    """An item is new exactly the first time that its pair of collection and id comes."""
    seen, model = IdSet(), set()
    for pair in pairs:
        assert seen.add(*pair) is (pair not in model)
        model.add(pair)
    assert len(seen) == len(model)


def test_it_keeps_sixteen_bytes_an_item_or_fewer_on_average() -> None:
    """Over a growing run the tables have 10.7 to 21.4 bytes an item, about 16 on average, and never lose one."""
    seen = IdSet()
    sizes = []
    for number in range(60_000):
        assert seen.add("c", str(number))
        if number > 5_000 and number % 100 == 0:
            sizes.append(sum(len(table) * 8 for table in seen._tables) / len(seen))
    assert not any(seen.add("c", str(number)) for number in range(60_000))
    assert max(sizes) < 22.5
    assert sum(sizes) / len(sizes) < 17


def test_no_growth_touches_more_than_a_share() -> None:
    """Growing moves at most a few hundredths of what is remembered at a time, so that the event loop isn't held up."""
    seen = IdSet()
    largest = 0
    for number in range(60_000):
        before = [len(table) for table in seen._tables]
        seen.add("c", str(number))
        moved = [old for old, table in zip(before, seen._tables, strict=True) if len(table) != old]
        assert len(moved) <= 1
        largest = max(largest, *moved, 0)
    assert largest <= len(seen) / 32


def test_each_set_has_its_own_hash() -> None:
    """Two sets place the same ids differently, so no list of colliding ids can be prepared."""
    one, other = IdSet(), IdSet()
    for number in range(100):
        one.add("c", str(number))
        other.add("c", str(number))
    assert one._tables != other._tables
