"""What can be chosen: the cells of a scenario that delivered what they should have, as settings with their costs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ingest_bench.analysis.speedup import Estimate, estimate_of, median_of
from ingest_bench.config.arm import Arm
from ingest_bench.config.models import Scenario
from ingest_bench.results.models import Cell, Sample
from stac_ingest.config import IngestConfig
from stac_ingest.strategies import STRATEGIES

SIMPLEST_FIRST = tuple(sorted(STRATEGIES, key=lambda name: STRATEGIES[name].simplicity))
Key = str
"""Settings in canonical form: equal in all scenarios that measured the same ones."""


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
    def memory_mib(self) -> float | None:
        """Memory at the peak, MiB."""
        return median_of(sample.peak_rss_mib for sample in self.samples)

    @property
    def requests(self) -> float | None:
        """Requests of one run, as the server counts them where it is the workflow's own."""
        return median_of(sample.server.requests if sample.server else sample.requests for sample in self.samples)

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
    """Give the options of a scenario, simplest first, and the cells that can't be chosen.

    Only ways of the package's own can be set; where a scenario has none, any fetcher can be chosen.
    """
    options, refused = [], []
    for cell in cells:
        estimate = estimate_of(cell)
        if estimate is None:
            reason = "too few valid pairs" if cell.parity.ok else (cell.parity.reason or "its digest differs")
            refused.append(Refused(cell, reason))
        else:
            options.append(_option(cell, scenario, estimate, api=api))
    own = [option for option in options if option.own]
    return sorted(own or options, key=lambda option: option.simplicity), refused


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
