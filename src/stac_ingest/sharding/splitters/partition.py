"""Units of work in order, cut into parts of similar weight."""

from __future__ import annotations

from array import array
from collections.abc import Sequence


def balanced(weights: Sequence[int], parts: int) -> list[range]:
    """Cut units into at most so many parts: neighbours stay together, and each unit is in exactly one part.

    A unit goes to the part that its middle lies in when the total is cut evenly, so no part is heavier than its even
    share and the heaviest unit together. Parts without a unit are left out. The same weights give the same parts.

    Args:
        weights: of the units, in their order; what weighs less than 1 weighs 1.
        parts: how many are wanted, at least 1.

    """
    heavy = array("q", (max(1, weight) for weight in weights))
    total = sum(heavy)
    ranges: list[range] = []
    current, begin, before = 0, 0, 0
    for index, weight in enumerate(heavy):
        part = (2 * before + weight) * parts // (2 * total)
        if part != current:
            if index > begin:
                ranges.append(range(begin, index))
            current, begin = part, index
        before += weight
    if begin < len(heavy):
        ranges.append(range(begin, len(heavy)))
    return ranges
