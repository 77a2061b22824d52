"""Distinct values of arrays, and values that are in both of two."""

import subprocess
import sys

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from stac_ingest.core.distinct import are_in, distinct


@given(st.lists(st.integers(-5, 5)))
def test_values_are_those_of_numpy(values: list[int]) -> None:
    """Each value is there once, in order, as `numpy.unique` has it; none of none."""
    array = np.array(values, np.int64)
    found = distinct(array)
    assert found.dtype == array.dtype
    assert found.tolist() == np.unique(array).tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_rows_are_those_of_numpy(rows: list[tuple[int, int]]) -> None:
    """Rows of several columns are told apart by all of them."""
    array = np.array(rows, [("one", "<u8"), ("other", "<u4")])
    assert distinct(array).tolist() == np.unique(array).tolist()


@given(st.lists(st.integers(-5, 5)), st.lists(st.integers(-9, 9)))
def test_what_is_in_both_is_what_numpy_says(values: list[int], others: list[int]) -> None:
    """A value is told to be among others as `numpy.isin` tells it, be they none."""
    one, other = np.array(values, np.int64), np.array(others, np.int64)
    assert are_in(one, other).tolist() == np.isin(one, other).tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))), st.lists(st.tuples(st.just(1), st.integers(0, 3))))
def test_rows_in_both_are_told_by_all_columns(rows: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    """A row is among others only where all its columns are equal."""
    kind = [("high", "<u8"), ("low", "<u8")]
    assert are_in(np.array(rows, kind), np.array(others, kind)).tolist() == [row in others for row in rows]


def test_masked_arrays_are_not_imported() -> None:
    """Nothing is imported for it, whatever the values."""
    code = (
        "import numpy, sys; from stac_ingest.core.distinct import are_in, distinct; "
        "keys = numpy.array([2**63, 1], 'u8'); are_in(keys, distinct(keys)); sys.exit('numpy.ma' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
