"""Units of work in order, cut into parts of similar weight."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, chain, pairwise, repeat
from operator import add


def balanced(weights: Sequence[int], parts: int) -> list[range]:
    """Cut units into at most so many parts: neighbours stay together, and each unit is in exactly one part.

    A unit goes to the part that its middle lies in when the total is cut evenly, so no part is heavier than its even
    share and the heaviest unit together. Parts without a unit are left out. The same weights give the same parts.

    Args:
        weights: of the units, in their order; what weighs less than 1 weighs 1.
        parts: how many are wanted, at least 1.

    """
    sums = array("q", accumulate(map(max, weights, repeat(1))))
    if not sums:
        return []
    total = sums[-1]
    # Twice where the middle of each unit lies.
    middles = array("q", map(add, chain((0,), sums), sums))
    if parts > len(middles):  # a server's count may ask for more than there is memory for
        owners = [middle * parts // (2 * total) for middle in middles]
        begins = [0, *(place for place, (one, next_) in enumerate(pairwise(owners), 1) if one != next_)]
    else:
        begins = [bisect_left(middles, -(-2 * total * part // parts)) for part in range(parts)]
    return [range(begin, end) for begin, end in pairwise([*begins, len(middles)]) if begin < end]
