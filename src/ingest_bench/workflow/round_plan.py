"""What to measure next: pairs of the cells whose order would change a recommendation, as long as the budget lasts.

Once no choice gets any more, what is left of the budget goes to cells that the first pass has deferred, then to cells
that have too few pairs for an interval, and to tools that aren't told from their baseline.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.deciding import CHOICE
from ingest_bench.analysis.race import totals
from ingest_bench.analysis.recommendations import ModeRecommendation, recommend_modes, recommend_scenarios
from ingest_bench.analysis.speedup import INTERVAL_PAIRS, pair_ratios, verdict
from ingest_bench.config.matrix import ROLES
from ingest_bench.config.matrix import cells as cells_of
from ingest_bench.config.models import Settings
from ingest_bench.harness.request_ledger import RequestLedger
from ingest_bench.results.models import Cell, ModeStanding, MorePairs, Purpose, Results, Round

CLOSING_S = 15.0
"""Kept back for what is written from the results in the end."""
TOOL_PAIRS = 12
"""At most, of a tool that isn't told from its baseline: no recommendation hangs on it."""
JOB_S = 1.0
"""What the workflow takes for a job, beside what the job says that it took."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What it takes to measure a cell, seconds."""

    begin_s: float
    """Before and after its pairs: servers, files, a rehearsal."""
    pair_s: float

    @classmethod
    def of(cls, cell: Cell) -> "Cost":
        """Take it from what has been measured of a cell."""
        # Of a pair that a server's limit has cut off there is half.
        both = Counter(sample.pair for sample in cell.samples)
        pairs = sorted(pair for pair, samples in both.items() if samples == len(ROLES))
        whole = cell.ended_at - cell.started_at
        if not pairs:
            return cls(whole, whole)
        per_pair = []
        for pair in pairs:
            first, second = sorted(
                (each for each in cell.samples if each.pair == pair), key=lambda each: each.started_at
            )
            # What goes before the clock of the first sample is taken to be what goes before that of the second.
            between = max(0.0, second.started_at - first.started_at - first.wall_s)
            per_pair.append(first.wall_s + second.wall_s + 2 * between)
        pair_s = min(whole, max(per_pair))
        return cls(max(0.0, whole - pair_s * len(pairs)), pair_s)

    def seconds(self, pairs: int) -> float:
        """Give what so many pairs take, in a job of their own."""
        return JOB_S + self.begin_s + pairs * self.pair_s


def costs(records: Mapping[str, Sequence[Cell]]) -> dict[str, Cost]:
    """Give what each cell costs.

    Args:
        records: of each cell, by its name: what the first pass and each round have measured, in that order.

    Returns:
        By name, as the first record shows that has measured the cell. A cell that all have deferred is taken to cost
        what others of its scenario do, at most; where there are none, what all others do on average.

    """
    tried = {name: next((cell for cell in mine if not cell.is_deferred), mine[0]) for name, mine in records.items()}
    known = {name: Cost.of(cell) for name, cell in tried.items() if not cell.is_deferred}
    mean = _mean(list(known.values()))
    found = {}
    for name, cell in tried.items():
        beside = [known[other] for other in known if tried[other].scenario == cell.scenario]
        dearest = max(beside, key=lambda cost: cost.seconds(1), default=mean)
        found[name] = known.get(name, dearest)
    return found


def _mean(costs: Sequence[Cost]) -> Cost:
    many = max(1, len(costs))
    return Cost(sum(cost.begin_s for cost in costs) / many, sum(cost.pair_s for cost in costs) / many)


def plan_round(
    settings: Settings,
    number: int,
    measured: Sequence[Cell],
    costs: Mapping[str, Cost],
    *,
    spent_s: float,
    kept: Mapping[str, MorePairs] | None = None,
    ledger: RequestLedger | None = None,
) -> Round:
    """Plan a round.

    Args:
        settings: with the budget.
        number: of the round, from 1.
        measured: every cell, with all pairs that it has so far.
        costs: of each cell, by its name.
        spent_s: what the run has taken so far.
        kept: pairs that this round has measured already, when it was planned before; they stay as they are.
        ledger: of the requests that the run may send; None where they aren't counted.

    Returns:
        One without cells where there is nothing to measure, or nothing that the budget allows.

    """
    assert settings.budget_minutes is not None
    budget_s = 60 * settings.budget_minutes
    asking = {cell.name for cell in cells_of(settings) if ledger and cell.candidate.corpus_options.url}
    pairs_left = ledger.pairs_left if ledger else 0
    allowance = _Allowance(budget_s - CLOSING_S - spent_s, costs, asking, pairs_left)
    refused = {cell.name for cell in cells_of(settings) if ledger and ledger.why_not(cell.concurrency)} & asking
    planner = _Planner(settings, {cell.name: cell for cell in measured}, allowance, kept or {}, refused)
    modes = planner.race()
    purpose: Purpose = "choices"
    if not planner.added:
        purpose = "deferred"
        planner.deferred()
    if not planner.added:
        purpose = "intervals"
        planner.intervals()
    return Round(
        number=number,
        planned_at=time.time(),
        spent_s=max(0.0, spent_s),
        budget_s=budget_s,
        purpose=purpose if planner.added else "nothing",
        cells=planner.added,
        modes=modes,
    )


@dataclass(slots=True)
class _Allowance:
    """What may still be spent, seconds."""

    left_s: float
    costs: Mapping[str, Cost]
    asking: Collection[str]
    """Cells whose requests are counted."""
    pairs_left: int
    """Pairs of these."""

    def price(self, wanted: Mapping[str, int]) -> float:
        return sum(self.costs[name].seconds(pairs) for name, pairs in wanted.items())

    def pay(self, wanted: Mapping[str, int]) -> bool:
        """Take off what pairs cost, where there is as much."""
        price = self.price(wanted)
        pairs = sum(wanted[name] for name in wanted if name in self.asking)
        if price > self.left_s or pairs > self.pairs_left:
            return False
        self.left_s -= price
        self.pairs_left -= pairs
        return True


class _Planner:
    """Collects what a round measures."""

    def __init__(
        self,
        settings: Settings,
        measured: Mapping[str, Cell],
        allowance: _Allowance,
        kept: Mapping[str, MorePairs],
        refused: Collection[str],
    ) -> None:
        self._settings = settings
        self._measured = measured
        self._allowance = allowance
        self._kept = kept
        self._refused = refused
        self._planned = {cell.name: cell for cell in cells_of(settings)}
        self.added = dict(kept)

    def race(self) -> dict[str, ModeStanding]:
        """Add the pairs that open choices need, those of the cheapest step first, and say how each choice stands."""
        results = Results(
            seed=self._settings.seed,
            created_at=0,
            config=self._settings.model_dump(mode="json"),
            corpora={},
            cells=list(self._measured.values()),
        )
        modes = recommend_modes(recommend_scenarios(results), self._settings.tolerance)
        steps = {mode: self._step(advice) for mode, advice in modes.items()}
        found = {}
        for mode in sorted(modes, key=lambda mode: self._allowance.price(steps[mode])):
            found[mode] = self._standing(modes[mode], steps[mode])
        return {mode: found[mode] for mode in modes}

    def deferred(self) -> None:
        """Measure what the first pass has deferred, as it would have: those that compare tools first."""
        waiting = [cell for cell in self._planned.values() if self._measured[cell.name].is_deferred]
        for cell in sorted(waiting, key=lambda cell: not self._settings.scenarios[cell.scenario].of_commands):
            wanted = {cell.name: cell.sampling.pairs.first}
            if cell.name not in self._refused and self._allowance.pay(wanted):
                self._add(wanted)

    def intervals(self) -> None:
        """Bring cells to the pairs that an interval takes, whole scenarios at a time: those that compare tools first.

        No recommendation hangs on them, so no race has given them pairs, and people read them beside each other. Tools
        that weren't told from their baseline by these get more, before other scenarios get any.
        """
        tools = [name for name, scenario in self._settings.scenarios.items() if scenario.of_commands]
        others = [name for name in self._settings.scenarios if name not in tools]
        for names, lacking in ((tools, self._few), (tools, self._untold), (others, self._few)):
            wanted = {name: lacking(name) for name in names}
            for name in sorted(wanted, key=lambda name: self._allowance.price(wanted[name])):
                if wanted[name] and self._allowance.pay(wanted[name]):
                    self._add(wanted[name])
            if self.added:
                return

    def _few(self, scenario: str) -> dict[str, int]:
        """Give the pairs that cells of a scenario lack for an interval."""
        cells = (self._measured[cell.name] for cell in self._planned.values() if cell.scenario == scenario)
        return self._missing((cell.name for cell in cells if _replaces_well(cell)), None)

    def _untold(self, scenario: str) -> dict[str, int]:
        """Give the pairs up to the next look for cells that are neither told apart from noise nor shown to be equal.

        The baseline against itself comes along: its interval is the noise.
        """
        cells = [self._measured[cell.name] for cell in self._planned.values() if cell.scenario == scenario]
        null = next((cell for cell in cells if cell.is_null_cell), None)
        untold = [
            cell
            for cell in cells
            if cell.speedup and cell.parity.ok and not cell.is_null_cell
            if verdict(cell.speedup, null.speedup if null else None) == "undecided"
        ]
        beside = [null.name] if null and _replaces_well(null) else []
        for total in totals(TOOL_PAIRS):
            if wanted := self._missing((cell.name for cell in untold if _replaces_well(cell)), total):
                return {**wanted, **self._missing(beside, total)}
        return {}

    def _standing(self, advice: ModeRecommendation, step: Mapping[str, int]) -> ModeStanding:
        verdict = advice.verdict
        asked = advice.chosen if verdict.decided else [option for options in self._open(advice) for option in options]
        pairs = [option.estimate.pairs for option in asked]
        standing = ModeStanding(
            status=verdict.status,
            use=verdict.use,
            rivals=list(verdict.rivals),
            pairs=min(pairs, default=0),
            ended=None,
        )
        if len(advice.options) + len(advice.waiting) < CHOICE:
            standing.ended = "no_choice"
        elif verdict.decided:
            standing.ended = "decided"
        elif not step:
            standing.ended = "max_pairs"
        elif not self._allowance.pay(step):
            standing.ended = "budget_spent"
        else:
            self._add(step)
        return standing

    def _open(self, advice: ModeRecommendation) -> list[Sequence[Option]]:
        """List the options whose pairs would decide it."""
        every = {**advice.options, **advice.waiting}
        return [every[key] for key in every if key in advice.verdict.racing]

    def _step(self, advice: ModeRecommendation) -> dict[str, int]:
        """Give the pairs that bring all that is open in a mode to the next look; none where nothing is."""
        if advice.verdict.decided or len(advice.options) + len(advice.waiting) < CHOICE:
            return {}
        # The baseline is itself by definition: pairs of it would tell nothing, once it has those of an interval.
        cells = [option.cell for options in self._open(advice) for option in options]
        taken = [len(pair_ratios(cell.samples)) for cell in cells if not cell.is_null_cell]
        looks = totals(self._settings.sampling.pairs.max)
        fewest = min(taken, default=looks[-1])
        target = next((total for total in looks if total > fewest), None)
        racing = [cell.name for cell in cells if not cell.is_null_cell]
        itself = [cell.name for cell in cells if cell.is_null_cell]
        return {**self._missing(itself, INTERVAL_PAIRS), **(self._missing(racing, target) if target else {})}

    def _missing(self, names: Iterable[str], target: int | None) -> dict[str, int]:
        """Give the pairs that cells lack to a number of them, at most what they may have; None: to their least."""
        missing = {}
        for name in names:
            cell, allowed = self._measured[name], self._planned[name].sampling.pairs
            wanted = allowed.min if target is None else min(target, allowed.max)
            taken = len(pair_ratios(cell.samples))
            # What can't be measured is not tried again.
            if 0 < taken < wanted and name not in self._kept and name not in self._refused:
                missing[name] = wanted - taken
        return missing

    def _add(self, wanted: Mapping[str, int]) -> None:
        for name, pairs in wanted.items():
            first = 1 + max((sample.pair for sample in self._measured[name].samples), default=-1)
            self.added[name] = MorePairs(first=first, pairs=pairs)


def _replaces_well(cell: Cell) -> bool:
    """Tell whether further pairs of a cell can be expected to be valid: one in two was, but for one.

    Else a cell whose samples have become invalid would be asked for in every round, before other scenarios, for as long
    as the budget lasts.
    """
    tried = len({sample.pair for sample in cell.samples})
    return tried <= 2 * len(pair_ratios(cell.samples)) + 1
