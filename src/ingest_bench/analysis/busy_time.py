"""How long a run was at work, told from when its jobs began and ended."""

from collections.abc import Iterable

PAUSE_S = 60.0
"""Nothing recorded for longer than this: one run ended, and another began later."""


def busy_s(spans: Iterable[tuple[float, float]]) -> float:
    """Measure the time that spans cover together, with the gaps between them that are shorter than a pause."""
    total, reached = 0.0, None
    for begin, end in sorted(spans):
        if reached is None or begin - reached > PAUSE_S:
            reached = begin
        total += max(0.0, end - reached)
        reached = max(reached, end)
    return total
