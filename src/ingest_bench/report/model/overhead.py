"""How much of the wall time of a matrix went into sampling, and how much the workflow itself took."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ingest_bench.results.models import Results

PAUSE_S = 60.0
"""Nothing recorded for longer than this: one run ended, and another began later."""


@dataclass(frozen=True, slots=True)
class TimeUse:
    """Seconds, of all machines together."""

    wall_s: float
    """From the start of the first job to the end of the last, pauses between runs left out."""
    sampling_s: float
    """From each cell's first sample to its end: samples, each with the start of its process, and the memory pass."""
    clock_s: float
    """While the clock of a sample ran."""

    @property
    def overhead(self) -> float:
        """The share of the wall time that is not sampling."""
        return 1 - self.sampling_s / self.wall_s


def time_use(results: Results) -> TimeUse | None:
    """Add up what the cells and the jobs have recorded; None where there is nothing."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for cell in results.cells:
        spans[cell.environment.host].append((cell.started_at, cell.ended_at))
    for job in results.jobs:
        spans[str(job["host"])].append((float(job["started_at"]), float(job["ended_at"])))
    wall = sum(busy_s(each) for each in spans.values())
    if not wall:
        return None
    firsts = [min((sample.started_at for sample in cell.samples), default=cell.ended_at) for cell in results.cells]
    sampling = sum(cell.ended_at - first for cell, first in zip(results.cells, firsts, strict=True))
    return TimeUse(wall, sampling, sum(sample.wall_s for cell in results.cells for sample in cell.samples))


def busy_s(spans: Iterable[tuple[float, float]]) -> float:
    """Measure the time that spans cover together, with the gaps between them that are shorter than a pause."""
    total, reached = 0.0, None
    for begin, end in sorted(spans):
        if reached is None or begin - reached > PAUSE_S:
            reached = begin
        total += max(0.0, end - reached)
        reached = max(reached, end)
    return total
