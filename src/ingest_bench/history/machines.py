"""Machines side by side: which of a run's findings another machine shows as well."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest_bench.analysis.speedup import EQUIVALENCE_MARGIN
from ingest_bench.history.series import CellSeries, Machine
from ingest_bench.results.history_table import HistoryRow
from ingest_bench.results.models import Speedup

CarryOver = Literal["the same", "same direction", "differs", "undecided"]
"""Of a speed-up: within error and margin; the same verdict, but another size; another verdict; no verdict yet."""
SHARE = 0.9
"""Of the cells, whose factors between two machines are given as a range."""


@dataclass(frozen=True)
class Pair:
    """A cell on two machines, asked the same."""

    one: HistoryRow
    other: HistoryRow

    @property
    def carries_over(self) -> CarryOver:
        """Whether its speed-up is that of the other machine."""
        verdicts = {self.one.verdict, self.other.verdict}
        if verdicts & {None, "undecided"}:
            return "undecided"
        if len(verdicts) > 1:
            return "differs"
        shift, error = self._shift()
        return "the same" if abs(shift) <= max(error, math.log1p(EQUIVALENCE_MARGIN)) else "same direction"

    def _shift(self) -> tuple[float, float]:
        """Give the log ratio of the two speed-ups, and half the width of its interval: the errors are independent."""
        ends = [
            [math.log(value) for value in (row.speedup, row.speedup_low, row.speedup_high) if value]
            for row in (self.one, self.other)
        ]
        (one, one_low, one_high), (other, other_low, other_high) = ends
        return other - one, math.hypot((one_high - one_low) / 2, (other_high - other_low) / 2)


@dataclass(frozen=True, slots=True)
class Factor:
    """By how much a number of the cells differs between two machines."""

    name: str
    cells: int
    median: float
    """Of the factors, the other machine's over the first one's."""
    low: float
    high: float
    """Bounds of the middle `SHARE` of the factors."""

    @property
    def spread(self) -> Speedup:
        """The same numbers, as an interval that plots can draw."""
        return Speedup(
            median=self.median,
            low=self.low,
            high=self.high,
            confidence=SHARE,
            method="quantiles over cells",
            pairs=self.cells,
        )


QUANTITIES: tuple[tuple[str, Callable[[HistoryRow], float | None]], ...] = (
    ("speed-up over the baseline", lambda row: None if row.is_null_cell else row.speedup),
    ("memory at the peak", lambda row: row.peak_rss_mib),
    ("requests", lambda row: row.requests),
    ("CPU time", lambda row: row.cpu_s),
    ("wall time", lambda row: row.wall_s),
)
"""What may carry over, the likeliest first."""


@dataclass(frozen=True)
class SideBySide:
    """Two machines."""

    one: Machine
    other: Machine
    pairs: tuple[Pair, ...]
    """Of cells that were asked the same on both, in the order of the first machine's report."""
    unlike: int
    """Cells of both whose settings or items differ: nothing follows from them."""

    @property
    def factors(self) -> list[Factor]:
        """By how much each quantity differs, over all cells that have it on both."""
        return [factor for name, value in QUANTITIES if (factor := _factor(name, value, self.pairs))]

    @property
    def compared(self) -> list[Pair]:
        """The pairs whose speed-up says something: not those of baselines with themselves."""
        return [pair for pair in self.pairs if not pair.one.is_null_cell and pair.one.speedup and pair.other.speedup]

    def told(self, value: Callable[[HistoryRow], str | None]) -> list[tuple[str, str, str]]:
        """List what both machines say of a scenario: its title, and the words of each."""
        found: dict[str, tuple[str, str, str]] = {}
        for pair in self.pairs:
            one, other = value(pair.one), value(pair.other)
            if one and other:
                found.setdefault(pair.one.scenario, (pair.one.title, one, other))
        return list(found.values())

    @property
    def recommended(self) -> list[tuple[str, str, str]]:
        """What each recommends, by scenario: its title, and the way; of scenarios that both have a choice for."""
        chosen: list[dict[str, HistoryRow]] = [
            {row.scenario: row for row in side if row.recommended}
            for side in ([pair.one for pair in self.pairs], [pair.other for pair in self.pairs])
        ]
        one, other = chosen
        return [(row.title, _way(row), _way(other[name])) for name, row in one.items() if name in other]


def _way(row: HistoryRow) -> str:
    return f"{row.label} at {row.concurrency}"


def side_by_side(series: Sequence[CellSeries]) -> list[SideBySide]:
    """Put the machine that was measured last beside each other one that has cells of the same name; the latest rows."""
    latest: dict[Machine, dict[str, HistoryRow]] = {}
    for each in series:
        latest.setdefault(each.machine, {})[each.last.cell] = each.last
    order = sorted(latest, key=lambda machine: -max(row.started_at for row in latest[machine].values()))
    found = []
    for other in order[1:]:
        both = [(row, latest[other][name]) for name, row in latest[order[0]].items() if name in latest[other]]
        same = tuple(Pair(*rows) for rows in both if rows[0].question == rows[1].question)
        if both:
            found.append(SideBySide(order[0], other, same, len(both) - len(same)))
    return found


def _factor(name: str, value: Callable[[HistoryRow], float | None], pairs: Sequence[Pair]) -> Factor | None:
    right = [(value(pair.one), value(pair.other)) for pair in pairs if pair.one.parity and pair.other.parity]
    logs = [math.log(other / one) for one, other in right if one and other]
    if not logs:
        return None
    low, median, high = np.quantile(logs, [(1 - SHARE) / 2, 0.5, (1 + SHARE) / 2]).tolist()
    return Factor(name, len(logs), *(math.exp(each) for each in (median, low, high)))
