"""Items without what their base item has, and together again."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.outputs.pgstac.base_items import MARK, dehydrated, hydrated

names = st.sampled_from("abc")
scalars = st.booleans() | st.integers(0, 2) | st.sampled_from(["x", "y", 1.0, 0.0])


def objects(leaves):
    """Draw objects whose members are often the same in two of them."""
    values = st.recursive(
        leaves, lambda inner: st.dictionaries(names, inner, max_size=3) | st.lists(inner, max_size=2), max_leaves=8
    )
    return st.dictionaries(names, values, max_size=3)


def strict(value):
    """Return a value in which true isn't 1."""
    if isinstance(value, dict):
        return {name: strict(one) for name, one in value.items()}
    return [strict(one) for one in value] if isinstance(value, list) else (type(value) is bool, value)


@given(objects(scalars), objects(scalars | st.none()))
def test_there_and_back(item, base):
    """Whatever base an item is stored against, it comes back as it was, and the base stays as it was."""
    before = copy.deepcopy(base)
    lost = []
    left = dehydrated(copy.deepcopy(item), base, lost.append)
    assert strict(hydrated(left, base)) == strict(item)
    assert lost == []
    assert strict(base) == strict(before)


def test_what_is_kept():
    """What is the same isn't kept, what the base alone has is marked, and a null beside a value is named."""
    base = {"assets": {"a": {"type": "t", "roles": ["r"]}, "b": {"type": "u"}}, "v": "1"}
    lost = []
    item = {"assets": {"a": {"type": "t", "roles": ["r"], "href": "h"}}, "v": None, "n": None}
    assert dehydrated(item, base, lost.append) == {"assets": {"a": {"href": "h"}, "b": MARK}, "v": MARK, "n": None}
    assert lost == ["v"]
