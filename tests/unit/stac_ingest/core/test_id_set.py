"""The set that remembers what was delivered."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core import id_set
from stac_ingest.core.id_set import DeliveredItems, Delivery, IdSet, key_of


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


def test_each_set_has_its_own_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sets place the same ids differently, so no list of colliding ids can be prepared."""
    monkeypatch.setattr(id_set, "_FEW", 2)
    one, other = IdSet(), IdSet()
    for number in range(100):
        one.add("c", str(number))
        other.add("c", str(number))
    assert one._buckets != other._buckets


@given(items=st.lists(st.tuples(st.sampled_from(["x", "y", None, 7]), st.sampled_from("abcd"))))
def test_items_are_known_by_their_keys(limit: int, items: list[tuple[object, str]]) -> None:
    """Added as items or by collection and id, packed or not, the same ones are new."""
    seen, model = IdSet(), set()
    for number, (collection, item_id) in enumerate(items):
        item = {"id": item_id} if collection is None else {"id": item_id, "collection": collection}
        key = key_of(item)
        assert seen.has(*key) is (key in model)
        assert (seen.add_item(item) if number % 3 else seen.add(*key)) is (key not in model)
        model.add(key)
        if number % 5 == 0:
            seen.pack()
    assert len(seen) == len(model)


@given(deliveries=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3))))
def test_what_two_parts_share_is_no_repetition(limit: int, deliveries: list[tuple[str, int]]) -> None:
    """An item is new once, shared the first time in each further part, and repeated whenever it is there already."""
    delivered, parts = DeliveredItems(), {}
    for item_id, part in deliveries:
        before = parts.setdefault(item_id, set())
        expected = Delivery.NEW if not before else Delivery.REPEATED if part in before else Delivery.SHARED
        assert delivered.add("c", item_id, part) is expected
        before.add(part)
