"""The set that remembers what was delivered."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core import id_set
from stac_ingest.core.id_set import IdSet


@pytest.fixture(scope="module", params=[2, 1 << 15], ids=["few", "many"])
def limit(request):
    """Have the set change its form after two items, or after as many as it does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_set, "_FEW", request.param)
        yield request.param


@given(pairs=st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4))))
def test_it_is_a_set(limit: int, pairs: list[tuple[str, str]]) -> None:
    """An item is new exactly the first time that its pair of collection and id comes, however many came before."""
    seen, model = IdSet(), set()
    for pair in pairs:
        assert seen.add(*pair) is (pair not in model)
        model.add(pair)
        assert len(seen) == len(model)


def test_many_items_have_a_dozen_bytes_each() -> None:
    """Of 200,000 items none is lost, and each has 15 bytes at most, the overhead of the buckets included."""
    seen = IdSet()
    assert all(seen.add("c", str(number)) for number in range(200_000))
    assert not any(seen.add("c", str(number)) for number in range(200_000))
    assert seen._few is None
    assert sum(map(sys.getsizeof, [seen._buckets, *seen._buckets])) / len(seen) < 15


def test_adding_copies_one_bucket() -> None:
    """What one more item moves is a small share of all, so that the event loop isn't held up."""
    seen = IdSet()
    for number in range(100_000):
        seen.add("c", str(number))
    before = list(seen._buckets)
    seen.add("c", "one more")
    changed = [old for old, new in zip(before, seen._buckets, strict=True) if old is not new]
    assert len(changed) == 1
    assert len(changed[0]) < 1000


def test_each_set_has_its_own_hash() -> None:
    """Two sets place the same ids differently, so no list of colliding ids can be prepared."""
    one, other = IdSet(), IdSet()
    for number in range(100):
        one.add("c", str(number))
        other.add("c", str(number))
    assert one._few != other._few
