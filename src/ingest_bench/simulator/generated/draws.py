"""Random numbers that are a function of seed, name and row alone: the same on every machine, for any rows at once."""

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def draw(seed: int, name: str, rows: NDArray[Any]) -> Draws:
    """Return a word of 64 bits for each row (SplitMix64, G. L. Steele et al., OOPSLA 2014).

    Args:
        seed: of everything.
        name: of what is drawn.
        rows: whole numbers of 0 or more.

    """
    key = np.uint64(int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()))
    return mixed(rows.astype(np.uint64) * _STEP + key)


def mixed(words: Draws) -> Draws:
    """Return words of 64 bits that look as if they had nothing to do with those given; no two of them become one."""
    words = (words ^ (words >> np.uint64(30))) * _FIRST
    words = (words ^ (words >> np.uint64(27))) * _SECOND
    return words ^ (words >> np.uint64(31))


def below(words: Draws, limit: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return whole numbers of 0 or more below a limit, which is at most 2^32, and may differ by row."""
    limits = np.asarray(limit).astype(np.uint64)
    return (((words >> np.uint64(32)) * limits) >> np.uint64(32)).astype(np.int64)
