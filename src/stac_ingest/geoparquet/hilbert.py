"""The Hilbert curve: places that are near each other in space, or in space and time, get numbers that are, too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

_BITS = 63
"""Of a key, which fits a signed integer of Parquet."""
_AT_ONCE = 1 << 16
"""Points whose keys are made together: their arrays stay in the processor's caches."""


def bits_of_axis(axes: int) -> int:
    """Say how many bits of a coordinate a key has, with so many axes."""
    return _BITS // axes


def hilbert_keys(points: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.int64]:
    """Return how far along the curve each point is.

    Args:
        points: the coordinates, an array for each of two or three axes, of `bits_of_axis` bits. All are of one length.

    """
    keys = np.empty(len(points[0]), np.int64)
    for start in range(0, len(keys), _AT_ONCE):
        some = [axis[start : start + _AT_ONCE].copy() for axis in points]
        keys[start : start + _AT_ONCE] = _interleaved(_along(some, bits_of_axis(len(points)))).astype(np.int64)
    return keys


def _along(axes: list[npt.NDArray[np.uint64]], bits: int) -> list[npt.NDArray[np.uint64]]:
    """Turn coordinates into the bits of the key, spread over the axes (J. Skilling, 2004). Changes its argument."""
    first, last = axes[0], axes[-1]
    zero = np.uint64(0)
    for level in range(bits - 1, 0, -1):
        bit, below = np.uint64(1 << level), np.uint64((1 << level) - 1)
        for axis in axes:
            is_set = (axis & bit) != zero
            # Where the bit is set, the cell's curve is mirrored; elsewhere two of its axes change places.
            swapped = np.where(is_set, zero, (first ^ axis) & below)
            first ^= np.where(is_set, below, swapped)
            if axis is not first:
                axis ^= swapped  # noqa: PLW2901 - in place
    for before, axis in pairwise(axes):
        axis ^= before  # noqa: PLW2901 - in place
    flipped = np.zeros_like(last)
    for level in range(bits - 1, 0, -1):
        flipped ^= np.where((last & np.uint64(1 << level)) != zero, np.uint64((1 << level) - 1), zero)
    return [axis ^ flipped for axis in axes]


def _interleaved(axes: list[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Take a bit of each axis in turn, from the highest on."""
    one = np.uint64(1)
    keys = np.zeros_like(axes[0])
    for level in range(bits_of_axis(len(axes)) - 1, -1, -1):
        for axis in axes:
            keys = (keys << one) | ((axis >> np.uint64(level)) & one)
    return keys
