"""The digest of delivered items."""

from __future__ import annotations

import copy
import weakref
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import reference
from ingest_bench.results.digest import CLASSES, DigestSink, Reference, Tally, identity_hash, matches


class Item(dict):
    """A dict that can be seen to go."""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"id": st.text(max_size=12), "collection": st.none() | st.text(max_size=6)},
        optional={"properties": VALUES, "links": VALUES},
    ),
    max_size=12,
)


def numbered(count):
    return [
        {"id": f"item-{n}", "collection": "c", "properties": {"n": n, "deep": [{"x": n / 7}]}} for n in range(count)
    ]


def digest(items, content_class=None):
    sink = DigestSink(content_class)
    for item in items:
        sink.add(item)
    return sink.result()


@given(ITEMS, st.randoms(use_true_random=False), st.none() | st.integers(0, CLASSES - 1))
def test_order_does_not_matter(items, random, content_class):
    """The same items in any order, with their keys in any order, have the same digest."""
    shuffled = [dict(random.sample(list(item.items()), len(item))) for item in items]
    random.shuffle(shuffled)
    assert digest(shuffled, content_class) == digest(items, content_class)


@given(ITEMS, st.none() | st.integers(0, CLASSES - 1))
def test_sink_agrees_with_the_reference(items, content_class):
    """Whatever the items and the class, a sink that is given exactly the reference's items matches it."""
    assert matches(digest(items, content_class), reference(items)) is None


@given(ITEMS, ITEMS)
def test_tallies_add_up(first, second):
    """Parts of a corpus tallied apart give the reference of the whole."""
    whole, part = Tally(), Tally()
    for item in first:
        whole.add(item)
    for item in second:
        part.add(item)
    whole.merge(part)
    assert whole.reference() == reference(first + second)


def test_a_lost_item_is_counted():
    """One item less is one item missing."""
    items = numbered(100)
    assert matches(digest(items[1:], 3), reference(items)) == "1 item missing"


def test_items_too_many_are_counted():
    """Items delivered twice are items too many."""
    items = numbered(100)
    assert matches(digest([*items, *items[:12]], 3), reference(items)) == "12 items too many"


def test_a_duplicate_in_place_of_a_lost_item_is_noticed():
    """The right number of items isn't enough."""
    items = numbered(100)
    assert matches(digest([*items[1:], items[1]], 3), reference(items)) == "other ids"


def test_the_collection_belongs_to_the_identity():
    """The same ids in another collection are other items."""
    items = numbered(10)
    moved = [item | {"collection": "d"} for item in items]
    assert matches(digest(moved, 3), reference(items)) == "other ids"


@given(st.integers(0, 63))
def test_a_single_changed_value_is_noticed_in_its_class(which):
    """One value deep inside one item changes the content of that item's class, and of no other."""
    items = numbered(64)
    expected = reference(items)
    changed = copy.deepcopy(items)
    changed[which]["properties"]["deep"][0]["x"] += 1e-12
    own = identity_hash(items[which]) % CLASSES
    assert matches(digest(changed, own), expected) == f"content differs in class {own}"
    assert matches(digest(changed), expected) == "content differs"
    others = [
        matches(digest(changed, content_class), expected) for content_class in range(CLASSES) if content_class != own
    ]
    assert others == [None] * 15


def test_a_change_common_to_all_items_is_noticed():
    """A time written another way in every single item shows, in every class that has items."""
    items = [item | {"time": "2024-01-01T00:00:00.001Z"} for item in numbered(400)]
    changed = [item | {"time": "2024-01-01T00:00:00.001+00:00"} for item in items]
    assert all(matches(digest(changed, content_class), reference(items)) for content_class in range(CLASSES))


def test_classes_are_of_like_size():
    """Every class has its share of items, so that whichever is drawn, content is looked at."""
    items = numbered(3200)
    sizes = [sum(identity_hash(item) % CLASSES == content_class for item in items) for content_class in range(CLASSES)]
    assert 120 < min(sizes) <= max(sizes) < 280


def test_a_whole_float_is_not_an_integer():
    """A number's JSON type is content: 7 and 7.0 are not the same."""
    assert digest([{"id": "a", "n": 7}]) != digest([{"id": "a", "n": 7.0}])


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a", "geometry": b"\x01\x02", "datetime": datetime(2024, 1, 1, tzinfo=UTC)},
        {"id": "a", "price": Decimal("1.50"), "map": [("k", 1)]},
        {"id": "a", "big": 2**80},
        {"id": "\ud800", "text": "lone \udfff"},
        {"id": 17, "collection": ["c"]},
        {"id": None},
        {},
    ],
)
def test_what_is_no_item_is_digested_too(row):
    """Rows of a table and broken items get a digest, never an error, and the same one from sink and reference."""
    found = digest([row])
    assert found.count == 1
    assert matches(found, reference([row])) is None
    assert found != digest([{"id": "a", "collection": "c"}])


def test_rows_with_the_right_ids_are_not_the_items():
    """A table's raw rows have the same ids as its items, and other content."""
    items = numbered(50)
    rows = [{"id": item["id"], "collection": "c", **item["properties"], "geometry": b"\x00"} for item in items]
    assert matches(digest(rows), reference(items)) == "content differs"


def test_a_sink_leaves_items_alone():
    """Items are neither changed nor held on to."""
    (before,) = numbered(1)
    item, sink = Item(copy.deepcopy(before)), DigestSink(None)
    sink.add(item)
    assert item == before
    held = weakref.ref(item)
    del item
    assert held() is None
    assert sink.result() == digest([before])


def test_a_reference_survives_its_file():
    """A reference written as JSON and read back is the same."""
    expected = reference(numbered(20))
    assert Reference.model_validate_json(expected.model_dump_json()) == expected


def test_known_value():
    """The digest is the same on every machine and in every version of Python."""
    found = digest(numbered(5))
    assert found.model_dump() == {
        "count": 5,
        "ids": "000000026ad2ed3d87f3db7d2d2b6999",
        "content_class": None,
        "content": "5a560c12d686ab33",
    }


def test_arms_can_be_compared_without_a_reference():
    """Two digests of the same class compare like one with a reference; of different classes they can't be compared."""
    items = numbered(30)
    assert matches(digest(items, 4), digest(Random(1).sample(items, 30), 4)) is None
    assert matches(digest(items[2:], 4), digest(items, 4)) == "2 items missing"
    with pytest.raises(ValueError, match="class 4 can't be compared with class 5"):
        matches(digest(items, 4), digest(items, 5))


@pytest.mark.parametrize("content_class", [-1, 16])
def test_a_class_that_is_none_is_refused(content_class):
    """Classes are 0 to 15."""
    with pytest.raises(ValueError, match="0 to 15"):
        DigestSink(content_class)
