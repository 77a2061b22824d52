"""The shard planner: how units are cut into parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.sharding.splitters.partition import balanced

WEIGHTS = st.lists(st.integers(min_value=-3, max_value=10**9), max_size=300)


@given(WEIGHTS, st.integers(min_value=1, max_value=400))
def test_every_unit_is_in_exactly_one_part(weights, parts):
    """The parts hold each unit once, in order, none of them is empty, and there are no more than were wanted."""
    found = balanced(weights, parts)
    assert [unit for part in found for unit in part] == list(range(len(weights)))
    assert len(found) <= parts
    assert all(found)


@given(WEIGHTS, st.integers(min_value=1, max_value=400))
def test_no_part_is_heavier_than_its_share_and_one_unit(weights, parts):
    """A part weighs at most its even share of the total and the heaviest unit together."""
    heavy = [max(1, weight) for weight in weights]
    for part in balanced(weights, parts):
        assert sum(heavy[unit] for unit in part) * parts <= sum(heavy) + max(heavy) * parts


@given(st.integers(min_value=1, max_value=2000), st.integers(min_value=1, max_value=100))
def test_like_units_are_cut_evenly(units, parts):
    """Of units of one weight, no part has more than one more than another, and all parts wanted are there."""
    sizes = [len(part) for part in balanced([7] * units, parts)]
    assert len(sizes) == min(units, parts)
    assert max(sizes) - min(sizes) <= 1


@given(WEIGHTS, st.integers(min_value=1, max_value=10**16))
def test_a_unit_goes_where_its_middle_lies(weights, parts):
    """However many parts are wanted, the cost is that of the units, and each is where its middle lies."""
    heavy = [max(1, weight) for weight in weights]
    owners = [(2 * sum(heavy[:unit]) + weight) * parts // (2 * sum(heavy)) for unit, weight in enumerate(heavy)]
    found = balanced(weights, parts)
    assert [len({owners[unit] for unit in part}) for part in found] == [1] * len(found)
    assert len({*owners}) == len(found)
