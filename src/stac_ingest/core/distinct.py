"""Distinct values of arrays, and values that are in both of two.

`numpy.unique` and `numpy.isin` do the same, and import `numpy.ma` for it (NumPy 2.3 and later): 15 ms and 1.3 MiB.
Where that is in the middle of reading, its objects lie between those that come and go, and hold back several times as
much memory. pyarrow imports it, too, where an array of NumPy becomes one of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return each value of an array once, sorted.

    Args:
        values: of one dimension, without NaN.

    """
    ordered = np.sort(values)
    first: NDArray[Any] = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
    return first


def are_in(values: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell for each value whether it is among others.

    Args:
        values: of one dimension, without NaN.
        others: in any order; of the same type, or of one that NumPy compares with it exactly.

    """
    if not len(others):
        return np.zeros(len(values), bool)
    ordered = np.sort(others)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[places] == values
    return found
