"""Counters that are the same in every sample: a difference between two builds or runs is a fact, not a statistic."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest_bench.analysis.speedup import INTERVAL_PAIRS
from ingest_bench.results.models import Sample

COUNTERS = {
    "requests": "requests",
    "bytes_read": "bytes read",
    "output_bytes": "bytes of output",
    "read_calls": "read calls",
    "write_calls": "write calls",
}
"""By their fields in a sample, what texts call them. Instructions aren't among them: few virtual machines let them be
counted, and those of an interpreter differ from sample to sample."""
OF_SOFTWARE = frozenset(("bytes_read", "output_bytes", "read_calls", "write_calls"))
"""Those that other versions of Python or of a package change, too: how a table is packed, how files are read."""
LEAST_SAMPLES = 10
"""Of both sides together. If a counter only happened to be the same within each of two sides of no difference, with
three samples on one of them, that would be one chance in 120 or less: so many ways there are to pick three of ten."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that has one value on one side and another on the other, in every sample."""

    name: str
    one: int
    other: int
    samples: int
    """Of both sides."""

    @property
    def more(self) -> bool:
        """Whether the other side has more of it."""
        return self.other > self.one

    def __str__(self) -> str:
        return f"{COUNTERS[self.name]}: {self.one:,} before, {self.other:,} now, in each of {self.samples} samples"


def counter_differences(one: Sequence[Sample], other: Sequence[Sample]) -> list[Difference]:
    """Compare what two sides have counted, where each side's samples all agree.

    Args:
        one: samples of one side, all of one arm; invalid ones don't count.
        other: those of the other side.

    """
    sides = [[sample for sample in side if sample.invalid is None] for side in (one, other)]
    together = sum(map(len, sides))
    if together < LEAST_SAMPLES or min(map(len, sides)) < INTERVAL_PAIRS:
        return []
    found = []
    for name in COUNTERS:
        values = [{getattr(sample, name) for sample in side} for side in sides]
        if all(len(each) == 1 for each in values):
            (before,), (after,) = values
            if before is not None and after is not None and before != after:
                found.append(Difference(name, before, after, together))
    return found
