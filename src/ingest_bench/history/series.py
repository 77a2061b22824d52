"""Cells over time: what was measured of a cell on one kind of machine, run by run, and where it has moved."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ingest_bench.analysis.change_points import ChangePoint, change_points
from ingest_bench.results.history_table import HistoryRow


class Machine(NamedTuple):
    """What cells have to share for their absolute numbers to stand in one series; hosts of one kind come and go."""

    cpu_model: str
    cores: int
    cpu_limit: float | None
    memory_gib: int

    @classmethod
    def of(cls, row: HistoryRow) -> "Machine":
        """Give the machine of a row."""
        return cls(row.cpu_model, row.cores, row.cpu_limit, round(row.memory_gib))

    @property
    def name(self) -> str:
        """What texts call it."""
        allowed = f" ({self.cpu_limit:g} allowed)" if self.cpu_limit else ""
        return f"{self.cpu_model}, {self.cores} cores{allowed}, {self.memory_gib} GB"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a cell that may move."""

    name: str
    unit: str
    value: Callable[[HistoryRow], float | None]
    more_is_better: bool
    of_ratio: bool = False
    """Whether it is against the baseline of its own run, so that the machine takes no part in it."""


def _cpu(row: HistoryRow) -> float | None:
    return 1e6 * row.cpu_s / row.items if row.cpu_s and row.items else None


SPEED_UP = Measure(
    "speed-up", "x", lambda row: None if row.is_null_cell else row.speedup, more_is_better=True, of_ratio=True
)
THROUGHPUT = Measure("throughput", "items/s", lambda row: row.items_per_s, more_is_better=True)
CPU = Measure("CPU time an item", "microseconds", _cpu, more_is_better=False)
MEMORY = Measure("memory at the peak", "MiB", lambda row: row.peak_rss_mib or None, more_is_better=False)
MEASURES = (SPEED_UP, THROUGHPUT, CPU, MEMORY)


@dataclass(frozen=True)
class CellSeries:
    """The runs of a cell on one kind of machine, of one question, in their order."""

    machine: Machine
    rows: tuple[HistoryRow, ...]
    otherwise: int
    """Earlier rows of the cell there that were asked something else, and don't belong to it."""

    @property
    def last(self) -> HistoryRow:
        """The latest."""
        return self.rows[-1]

    @cached_property
    def changes(self) -> tuple["Change", ...]:
        """Where any of its measures has moved, in their order."""
        return tuple(change for measure in MEASURES for change in _changes(self, measure))

    def known(self, measure: Measure) -> list[tuple[HistoryRow, float]]:
        """Give the rows that have a value, with it; those that delivered other items have none."""
        return [(row, value) for row in self.rows if row.parity and (value := measure.value(row))]


@dataclass(frozen=True)
class Change:
    """A place where a measure of a cell has moved."""

    series: CellSeries
    measure: Measure
    point: ChangePoint
    before: HistoryRow
    """The last row before it."""
    after: HistoryRow
    """The first row after it."""

    @property
    def levels(self) -> tuple[float, float]:
        """The level before it and the one after it."""
        return math.exp(self.point.before), math.exp(self.point.after)

    @property
    def worse(self) -> bool:
        """Whether it moved the wrong way."""
        return (self.point.factor < 1) == self.measure.more_is_better

    @property
    def runs(self) -> tuple[int, int]:
        """How many runs the segments before and after it have."""
        return self.point.index - self.point.start, self.point.end - self.point.index


def all_series(rows: Iterable[HistoryRow]) -> list[CellSeries]:
    """Arrange rows, which are in the order of time: each cell on each kind of machine, asked what it was asked last.

    Returns:
        Machines in the order in which they were first measured, and the cells of each in the order of its last report.

    """
    grouped: dict[tuple[Machine, str], list[HistoryRow]] = {}
    for row in rows:
        grouped.setdefault((Machine.of(row), row.cell), []).append(row)
    series: list[CellSeries] = []
    machines = list(dict.fromkeys(machine for machine, _ in grouped))
    for (machine, _), each in grouped.items():
        same = tuple(row for row in each if row.question == each[-1].question)
        series.append(CellSeries(machine, same, len(each) - len(same)))
    return sorted(series, key=lambda each: (machines.index(each.machine), each.last.place))


def moved(series: Iterable[CellSeries]) -> list[Change]:
    """List what has moved, the latest first, and of one time the largest."""
    changes = [change for each in series for change in each.changes]
    return sorted(changes, key=lambda change: (-change.after.started_at, -abs(change.point.shift)))


def what_else(before: HistoryRow, after: HistoryRow) -> list[str]:
    """Name what else was not the same in two runs: the commit, software, the host."""
    named = [(name, getattr(before, name), getattr(after, name)) for name in ("host", "kernel", "python", "filesystem")]
    packages = [json.loads(row.packages) for row in (before, after)]
    named += [
        (name, *(each.get(name) for each in packages)) for name in sorted(packages[0].keys() | packages[1].keys())
    ]
    commits = [(row.commit or "none")[:10] for row in (before, after)]
    return [f"{name} {was} to {now}" for name, was, now in [("commit", *commits), *named] if was != now]


def _changes(series: CellSeries, measure: Measure) -> Sequence[Change]:
    known = series.known(measure)
    points = change_points([math.log(value) for _, value in known])
    return [Change(series, measure, point, known[point.index - 1][0], known[point.index][0]) for point in points]
