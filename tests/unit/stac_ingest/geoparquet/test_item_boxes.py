"""Boxes to columns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.item_boxes import boxes_of

_numbers = st.integers(-180, 180) | st.floats(-180, 180) | st.sampled_from([2**53 + 1, -0.0])


@settings(deadline=None)
@given(st.lists(st.lists(_numbers, min_size=4, max_size=4), min_size=1, max_size=4))
def test_flat_boxes_are_those_that_come_beside_others(values: list[Any]) -> None:
    """Boxes of four numbers are the same column, whether all are so or one is missing."""
    alone, beside = boxes_of(values), boxes_of([*values, None])
    assert alone.column.equals(beside.column.slice(0, len(values)))
    texts = [None if made.originals is None else made.originals.to_pylist()[: len(values)] for made in (alone, beside)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "box", [[1, 2, 3], [1, 2, 3, "4"], [1, 2, 3, True], [1, 2, 3, float("nan")], [10**400] * 4, "abcd"]
)
def test_what_is_no_box_is_refused(box: Any) -> None:
    """A box of another length, or of what is no finite number, is an error that shows it."""
    with pytest.raises(ItemError, match="its bbox is"):
        boxes_of([[1, 2, 3, 4], box])
