"""Numbers that JSON has no form for are found, and nothing else is taken for one."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.finite import is_finite

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


def all_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(all_finite, value.values()))
    if isinstance(value, list):
        return all(map(all_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


@given(values)
def test_a_value_is_finite_where_every_number_in_it_is(value: Any) -> None:
    """Whatever it is nested in, one number is found, and no whole number or text is mistaken for it."""
    assert is_finite(value) is all_finite(value)
