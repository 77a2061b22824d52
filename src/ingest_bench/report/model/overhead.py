"""How much of the wall time of a matrix went into sampling, and how much the workflow itself took."""

from collections import defaultdict
from dataclasses import dataclass

from ingest_bench.analysis.busy_time import busy_s
from ingest_bench.results.models import Results


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
        spans[cell.environment.host] += cell.spans
    for job in results.jobs:
        spans[str(job["host"])].append((float(job["started_at"]), float(job["ended_at"])))
    wall = sum(busy_s(each) for each in spans.values())
    if not wall:
        return None
    firsts = [min((sample.started_at for sample in cell.samples), default=cell.ended_at) for cell in results.cells]
    sampling = sum(cell.ended_at - first for cell, first in zip(results.cells, firsts, strict=True))
    sampling += sum(added.ended_at - added.began_at for cell in results.cells for added in cell.added)
    return TimeUse(wall, sampling, sum(sample.wall_s for cell in results.cells for sample in cell.samples))
