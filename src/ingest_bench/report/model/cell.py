"""A cell, with what follows from its samples."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ingest_bench.analysis.cpu_time import cpu_speed_up, one_thread_busy, times_apart
from ingest_bench.analysis.speedup import CONFIDENCE, median_of, pair_ratios
from ingest_bench.config.arm import Arm
from ingest_bench.report.formatting import at_level
from ingest_bench.results.models import Cell, Sample, ServerRecord, Speedup


def _median(value: Callable[[Sample], float | None]) -> cached_property[float | None]:
    """Make a property of a row: the median of something over its usable samples; None where it isn't known."""
    return cached_property(lambda row: row.median(value))


@dataclass(frozen=True)
class CellView:
    """A cell, and the medians of its usable samples. Times in seconds, memory in MiB."""

    cell: Cell
    arm: Arm
    page_size: int
    """Items a page, as asked and as far as the server allows."""

    @property
    def name(self) -> str:
        """What the text calls it."""
        return at_level(self.cell.label, self.cell.concurrency)

    @property
    def level(self) -> int:
        """The concurrency."""
        return self.cell.concurrency

    @property
    def own(self) -> bool:
        """Whether it is a way of the ingest package's own, which a user can set."""
        return self.arm.record.own

    @property
    def strategy(self) -> str | None:
        """The worker strategy, `sequential` at a concurrency of 1; None for other fetchers."""
        if not self.own:
            return None
        return "sequential" if self.level == 1 else str(self.arm.settings.get("worker_strategy", "semaphore"))

    @property
    def pairs(self) -> int:
        """Its valid pairs."""
        return len(pair_ratios(self.cell.samples))

    @property
    def usable(self) -> bool:
        """Whether it has a speed-up and delivered what it should have."""
        return self.cell.parity.ok and self.cell.speedup is not None and self.time_s is not None

    @property
    def standing(self) -> Speedup:
        """The speed-up of a usable row; the baseline's own is 1 by definition."""
        if self.cell.standing is None:
            raise ValueError(f"{self.name} has no speed-up")
        return self.cell.standing

    @cached_property
    def samples(self) -> list[Sample]:
        """The usable samples of the arm."""
        return self.cell.valid_samples("candidate")

    @cached_property
    def baseline_samples(self) -> list[Sample]:
        """The usable samples of the baseline that this cell was compared with."""
        return self.cell.valid_samples("baseline")

    time_s = _median(lambda sample: sample.wall_s)
    """How long a run takes."""
    rate = _median(lambda sample: sample.items / sample.wall_s)
    """Items per second."""
    items = _median(lambda sample: sample.items)
    """Items delivered."""
    peak_mib = _median(lambda sample: sample.peak_rss_mib)
    """Memory at the peak."""
    overhead_mib = _median(lambda sample: sample.peak_rss_mib - sample.start_rss_mib)
    """Memory at the peak over that of the interpreter and its imports."""
    cpu_share = _median(lambda sample: (sample.cpu_user_s + sample.cpu_system_s) / sample.wall_s)
    """CPU time over wall time; above 1 where several processors work."""
    requests = _median(lambda sample: sample.server.requests if sample.server else sample.requests)
    """Requests sent, as the server counts them where it is the workflow's own."""
    rate_limited = _median(lambda sample: sample.server.rate_limited if sample.server else sample.rate_limited)
    """Answers with status 429, as the server counts them where it is the workflow's own."""

    @cached_property
    def cpu_speedup(self) -> Speedup | None:
        """The speed-up by CPU time; None with fewer than three pairs."""
        return cpu_speed_up(self.cell.samples, CONFIDENCE, self.cell.stop_reason)

    @cached_property
    def busy(self) -> bool:
        """Whether one thread computes throughout, in the baseline beside it as well."""
        return one_thread_busy(self.cell.samples)

    @property
    def witnesses_apart(self) -> bool:
        """Whether wall and CPU time disagree where they can't, since one thread computes throughout in both arms."""
        return times_apart(self.cell.speedup, self.cpu_speedup) and self.busy

    @cached_property
    def stage_shares(self) -> dict[str, float]:
        """The share of each pipeline stage in the time of all."""
        sums = {name: median_of(sample.stages.get(name) for sample in self.samples) or 0.0 for name in self.stages}
        total = sum(sums.values())
        return {name: seconds / total for name, seconds in sums.items()} if total else {}

    @property
    def stages(self) -> list[str]:
        """The stages of the pipeline, in their order."""
        return list(dict.fromkeys(name for sample in self.samples for name in sample.stages))

    def median(self, value: Callable[[Sample], float | None]) -> float | None:
        """Give the median of something over the usable samples, where it is known."""
        return median_of(value(sample) for sample in self.samples)

    def server_median(self, value: Callable[[ServerRecord], float]) -> float | None:
        """Give the median of something that the workflow's own server saw."""
        return median_of(value(sample.server) for sample in self.samples if sample.server)
