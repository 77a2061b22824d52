"""The table that remembers what was delivered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.dedup import Seen


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4))))
def test_it_is_a_set(pairs: list[tuple[str, str]]) -> None:
    """An item is new exactly the first time that its pair of collection and id comes."""
    seen, model = Seen(), set()
    for pair in pairs:
        assert seen.add(*pair) is (pair not in model)
        model.add(pair)
    assert len(seen) == len(model)


def test_it_keeps_sixteen_bytes_an_item_or_fewer_on_average() -> None:
    """Over a growing run the table has between 10.7 and 21.4 bytes an item, 16 in the middle, and never loses one."""
    seen = Seen()
    sizes = []
    for number in range(50_000):
        assert seen.add("c", str(number))
        if number > 5_000:
            sizes.append(len(seen._table) * 8 / len(seen))
    assert not any(seen.add("c", str(number)) for number in range(50_000))
    assert max(sizes) < 21.5
    assert sum(sizes) / len(sizes) < 17
