"""A comparison as it is stored. `workflow/schemas/compare.schema.json` is generated from these models."""

from typing import Literal, get_args

from pydantic import Field

from ingest_bench.results.models import Record, Speedup
from ingest_bench.results.units import Concurrency, ItemRate, Number, UnixTime, Whole

COMPARE_SCHEMA_VERSION = "2.2"
"""Of `compare.json`; the results have a version of their own."""
Verdict = Literal["worse", "better", "undecided", "no difference", "not comparable", "new", "removed"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""In the order of how much they matter to a reader."""


class Run(Record):
    """One of the two runs."""

    file: str
    """As it was given."""
    created_at: UnixTime
    """When its cells were brought together."""
    host: str | None
    """Where its first cell was measured."""
    commit: str | None
    """Of the code that measured."""


class Noise(Record):
    """The difference that a scenario's baseline showed against itself, in both runs."""

    scenario: str
    """Its name in the configuration."""
    earlier: Speedup | None
    """The null cell of the earlier run."""
    current: Speedup | None
    """The null cell of the current run."""
    factor: Number
    """A change that isn't larger than this is within noise: the far ends of both intervals, in quadrature."""
    noise_borrowed: bool
    """Whether the scenario has no null cell, so that the noise is that of another scenario."""


class Change(Record):
    """How a cell's speed-up changed: the ratio of two ratios, each of which is against its own run's baseline."""

    factor: Number
    """The current speed-up over the earlier one, each the geometric mean of its pairs. Below 1 is slower."""
    low: Number
    """Lower end of the interval, for this cell alone."""
    high: Number
    """Upper end of the interval, for this cell alone."""
    p: Number
    """Two-sided p value of the change (Welch), adjusted for the number of cells compared (Holm)."""
    minimum_detectable_change: Number
    """The smallest change, as a factor above 1, that is significant with these pairs and this noise."""


class Witness(Record):
    """How the other of the two times, wall or CPU, says that a cell's speed-up changed."""

    factor: Number
    """The current speed-up over the earlier one by that time. Below 1 is slower."""
    low: Number
    """Lower end of the interval, for this cell alone."""
    high: Number
    """Upper end of the interval, for this cell alone."""


class CounterChange(Record):
    """A counter that has one value in every sample of the earlier run, and another in every one of the current."""

    name: str
    """Its field in a sample."""
    earlier: Whole
    """In each sample of the earlier run."""
    current: Whole
    """In each sample of the current run."""
    samples: Whole
    """Samples of both runs together."""
    gate: bool
    """Whether it fails the comparison: there is more of it, and nothing else explains that."""


class CellComparison(Record):
    """One cell in both runs."""

    scenario: str
    """Its name in the configuration."""
    arm: str
    """Way to ingest, as the configuration names it."""
    label: str
    """What the report calls the arm."""
    concurrency: Concurrency
    """Units of work under way at once, at most."""
    verdict: Verdict
    """On the change from the earlier run to the current one."""
    reason: str
    """Why, in words."""
    earlier: Speedup | None = None
    """The speed-up in the earlier run."""
    current: Speedup | None = None
    """The speed-up in the current run."""
    change: Change | None = None
    """Null where the two can't be compared by their times."""
    figure: Literal["wall", "cpu"] = "wall"
    """The time that `change` is of: CPU time where one thread computes throughout, in both arms and both runs."""
    witness: Witness | None = None
    """The change by the other time; null where it isn't known."""
    counters: list[CounterChange] = Field(default_factory=list)
    """What is counted and has changed: facts, without an interval."""


class Drift(Record):
    """Throughput of a scenario's baseline itself. No verdict rests on it: the machine moves it as well."""

    scenario: str
    """Its name in the configuration."""
    baseline: str
    """The arm."""
    own: bool
    """Whether it is the ingest package's own code, whose change no ratio against it can show."""
    earlier: ItemRate
    """Median over all samples of the baseline in the earlier run."""
    current: ItemRate
    """Median over all samples of the baseline in the current run."""


class Comparison(Record):
    """`compare.json`: a run against an earlier one."""

    schema_version: str = COMPARE_SCHEMA_VERSION
    """Of the format of this file."""
    method: str
    """The statistics that separate changes from chance."""
    confidence: Number
    """Of the intervals."""
    alpha: Number
    """Family-wise error rate: probability of any false verdict over all cells, either way; p has to be below it."""
    between_run_factor: Number
    """Between-run standard deviation (tau) of the speed-ups beyond that of their pairs, as a factor; 1: none."""
    earlier: Run
    """The run compared with."""
    current: Run
    """The run that is judged."""
    warnings: list[str]
    """What makes the verdicts less sure."""
    cells: list[CellComparison]
    """Every cell of either run, except null cells."""
    noise: list[Noise]
    """By scenario that both runs have."""
    drift: list[Drift]
    """By scenario whose baseline has the same settings and items in both runs."""

    @property
    def slower_under_load(self) -> list[CellComparison]:
        """The cells that are slower beyond chance and noise, but were measured while other work ran."""
        return [cell for cell in self.with_verdict("not comparable") if cell.change and cell.change.factor < 1]

    def with_verdict(self, verdict: Verdict) -> list[CellComparison]:
        """List the cells with a verdict."""
        return [cell for cell in self.cells if cell.verdict == verdict]
