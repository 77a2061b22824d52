"""What can be chosen: the cells of a scenario that delivered what they should have, as settings with their costs."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest_bench.analysis.cpu_time import by_cpu_time, cpu_s
from ingest_bench.analysis.race import CONFIDENCE, moderated
from ingest_bench.analysis.speedup import INTERVAL_PAIRS, Estimate, log_ratios, median_of
from ingest_bench.config.arm import Arm
from ingest_bench.config.models import Scenario
from ingest_bench.results.models import Cell, Sample, Speedup
from stac_ingest.config import IngestConfig
from stac_ingest.strategies import STRATEGIES

SIMPLEST_FIRST = tuple(sorted(STRATEGIES, key=lambda name: STRATEGIES[name].simplicity))
Key = str
"""Settings in canonical form: equal in all scenarios that measured the same ones."""
COST_STEP = 1.25
"""Options whose memory or requests are within this factor of the least cost the same: the rest is chance."""


@dataclass(frozen=True, slots=True)
class Option:
    """A way that can be set, and what it costs."""

    key: Key
    cell: Cell
    own: bool
    """Whether it is the package's own, and so can be set."""
    strategy: str
    """One of `SIMPLEST_FIRST`, or the fetcher where it isn't the package's own."""
    concurrency: int
    page_size: int | None
    """Items a page, as far as the server allows; None for files."""
    settings: dict[str, Any]
    """What `IngestConfig` takes, without what is its default."""
    estimate: Estimate

    @property
    def label(self) -> str:
        """What texts call it."""
        return f"{self.cell.label} at {self.concurrency}"

    @property
    def simplicity(self) -> tuple[Any, ...]:
        """Sorts options, simplest first: by concurrency, then strategy, then how many settings are not the default."""
        known = SIMPLEST_FIRST.index(self.strategy) if self.strategy in SIMPLEST_FIRST else len(SIMPLEST_FIRST)
        return (self.concurrency, known, len(self.settings), self.key)

    @property
    def measured(self) -> bool:
        """Whether it has the pairs that a choice needs."""
        return self.estimate.pairs >= INTERVAL_PAIRS

    @property
    def memory_mib(self) -> float | None:
        """Memory at the peak, MiB."""
        return median_of(sample.peak_rss_mib for sample in self.samples)

    @property
    def requests(self) -> float | None:
        """Requests of one run, as the server counts them where it is the workflow's own."""
        return median_of(sample.server.requests if sample.server else sample.requests for sample in self.samples)

    @property
    def cpu_s(self) -> float | None:
        """CPU time of one run, seconds."""
        return median_of(cpu_s(sample) for sample in self.samples)

    @property
    def by_cpu_time(self) -> Speedup | None:
        """The speed-up by CPU time where one thread computes throughout, in the baseline beside it as well."""
        return by_cpu_time(self.cell.samples, CONFIDENCE, self.cell.stop_reason)

    @property
    def samples(self) -> list[Sample]:
        """The usable samples of this way."""
        return self.cell.valid_samples("candidate")


@dataclass(frozen=True, slots=True)
class Refused:
    """A cell that is never recommended, and why."""

    cell: Cell
    reason: str


def options_of(cells: Iterable[Cell], scenario: Scenario, *, api: bool) -> tuple[list[Option], list[Refused]]:
    """Give the options of a scenario, cheapest first, and the cells that can't be chosen.

    Only ways of the package's own can be set; where a scenario has none, any fetcher can be chosen.
    """
    usable, refused = list[Cell](), []
    for cell in cells:
        if cell.parity.ok and log_ratios(cell):
            usable.append(cell)
        else:
            reason = "no valid pair" if cell.parity.ok else (cell.parity.reason or "its digest differs")
            refused.append(Refused(cell, reason))
    # What the baseline's own pairs show is noise as well, though its speed is known.
    estimates = moderated({cell.name: log_ratios(cell, known=False) for cell in usable})
    options = [_option(cell, scenario, _estimate(cell, estimates[cell.name]), api=api) for cell in usable]
    own = [option for option in options if option.own]
    ordered = cheapest_first({option.key: [option] for option in own or options})
    return [option for option, *_ in ordered.values()], refused


def cheapest_first(options: Mapping[Key, Sequence[Option]]) -> dict[Key, Sequence[Option]]:
    """Sort options, each with what it was in one scenario or in several: by memory, requests, then simplicity."""
    if not options:
        return {}
    memory = {key: _most(option.memory_mib for option in each) for key, each in options.items()}
    requests = {key: _most(option.requests for option in each) for key, each in options.items()}
    least = min(memory.values()), min(requests.values())

    def cost(key: Key) -> tuple[Any, ...]:
        return _steps(memory[key], least[0]), _steps(requests[key], least[1]), options[key][0].simplicity

    return {key: options[key] for key in sorted(options, key=cost)}


def _most(values: Iterable[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _steps(value: float, least: float) -> int:
    return math.floor(math.log(value / least) / math.log(COST_STEP)) if least > 0 else 0


def _estimate(cell: Cell, estimate: Estimate) -> Estimate:
    if not cell.is_null_cell:
        return estimate
    # It is as fast as itself, whatever its first pair happened to show.
    known = estimate.pairs >= INTERVAL_PAIRS
    return Estimate(0.0, 0.0, estimate.pairs) if known else replace(estimate, mean=0.0)


def _option(cell: Cell, scenario: Scenario, estimate: Estimate, *, api: bool) -> Option:
    arm = scenario.arms[cell.arm]
    settings = settings_at(arm, cell.concurrency)
    key = json.dumps([*([] if arm.record.own else [cell.arm]), settings], sort_keys=True)
    return Option(
        key=key,
        cell=cell,
        own=arm.record.own,
        strategy=settings.get("worker_strategy", "sequential") if arm.record.own else arm.fetcher,
        concurrency=cell.concurrency,
        page_size=scenario.page_size(cell.arm) if api else None,
        settings=settings,
        estimate=estimate,
    )


def settings_at(arm: Arm, level: int) -> dict[str, Any]:
    """Return an arm's settings without what says nothing: defaults, and a worker strategy where there is one worker.

    Time chunks list other units of work than the other strategies, even for one worker.
    """
    settings: dict[str, Any] = {"concurrency": level, **arm.settings}
    if level == 1 and settings.get("worker_strategy") != "time_chunks":
        settings.pop("worker_strategy", None)
    defaults = IngestConfig.defaults()
    kept = {name: value for name, value in settings.items() if name not in defaults or value != defaults[name]}
    # The default strategy of several workers is named all the same: a choice should be seen.
    if level > 1 and arm.record.own:
        kept["worker_strategy"] = settings.get("worker_strategy", defaults["worker_strategy"])
    return kept
