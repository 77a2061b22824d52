"""What rounds plan, over whole runs of cells whose speeds and costs are made up."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import QUEUE, arm, fake_cell, fake_pairs, fake_sample, matrix, scenario, tools
from ingest_bench.analysis.race import TOLERANCE, totals
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.harness.request_ledger import RequestLedger
from ingest_bench.results.models import Cell, MorePairs, Round
from ingest_bench.workflow.round_plan import CLOSING_S, Cost, plan_round

CHUNKS = {"worker_strategy": "time_chunks"}
SEMAPHORE = {"worker_strategy": "semaphore"}
LEVELS = (2, 5, 10)


def configured(budget_minutes: float = 30, most: int = 24) -> Settings:
    """Return a matrix: files with seven ways to choose from, an API with one, and a scenario of stages."""
    return load_settings(
        matrix(
            {"files": ("item_files", 30), "api": ("api", 30)},
            budget_minutes=budget_minutes,
            sampling={"pairs": {"min": 3, "max": most}},
            files=scenario(
                arms={
                    "sequential": arm(),
                    "queue": arm(*LEVELS, settings=QUEUE),
                    "semaphore": arm(*LEVELS, settings=SEMAPHORE),
                }
            ),
            api=scenario("api", {"sequential": arm()}, server={"think_ms": 1}),
            stages=scenario(arms={"sequential": arm(), "reading": arm(fetcher="read_only")}),
        )
    )


@dataclass
class World:
    """Cells with true log speeds over their baselines, noise, and what they cost."""

    settings: Settings
    speeds: dict[str, float]
    noise: float
    seed: int
    costs: dict[str, Cost]
    spent_s: float = 0.0
    ratios: dict[str, list[float]] = field(default_factory=dict)
    rounds: list[Round] = field(default_factory=list)
    ledger: RequestLedger | None = None
    deferred: set[str] = field(default_factory=set)
    """Cells that the first pass leaves out."""

    def run(self, first_s: float = 0.0) -> list[Round]:
        """Take the first pass, and rounds until one adds nothing."""
        rng = np.random.default_rng(self.seed)
        self.spent_s = first_s
        first = [cell.name for cell in cells(self.settings) if cell.name not in self.deferred]
        self._measure(rng, dict.fromkeys(first, MorePairs(first=0, pairs=1)), free=True)
        while not self.rounds or self.rounds[-1].cells:
            assert len(self.rounds) < 40
            measured, number = self.measured(), len(self.rounds) + 1
            plan = plan_round(self.settings, number, measured, self.costs, spent_s=self.spent_s, ledger=self.ledger)
            self.rounds.append(plan)
            self._measure(rng, plan.cells)
        return self.rounds

    def measured(self) -> list[Cell]:
        """Return the cells as they are so far."""
        return [
            fake_cell(
                planned.scenario,
                planned.arm,
                fake_pairs(ratios := self.ratios.get(planned.name, [])),
                ratios,
                stop_reason="first_pass" if ratios else "deferred",
                concurrency=planned.concurrency,
                is_null_cell=planned.is_null_cell,
            )
            for planned in cells(self.settings)
        ]

    def _measure(self, rng: np.random.Generator, wanted: dict[str, MorePairs], *, free: bool = False) -> None:
        for name, more in wanted.items():
            mine = self.ratios.setdefault(name, [])
            assert more.first == len(mine)
            mine += [math.exp(each) for each in rng.normal(self.speeds[name], self.noise, more.pairs)]
            self.spent_s += 0 if free else self.costs[name].seconds(more.pairs)
            if self.ledger and not free:
                self.ledger.spent += 2 * more.pairs * self.ledger.most


def world(seed: int = 1, noise: float = 0.05, most: int = 24, budget_minutes: float = 30, **speeds: float) -> World:
    """Return a world in which every cell but those named is as fast as its baseline."""
    made = configured(budget_minutes, most)
    names = [cell.name for cell in cells(made)]
    known = {name.replace("/", "_").replace("-", "_"): name for name in names}
    found = dict.fromkeys(names, 0.0) | {known[name]: value for name, value in speeds.items()}
    return World(made, found, noise, seed, {name: Cost(2.0, 1.0) for name in names})


worlds = st.builds(
    lambda seed, noise, most, budget, cost, queue: World(
        configured(budget, most),
        {cell.name: 0.0 if cell.is_null_cell or cell.arm != "queue" else queue for cell in cells(configured())},
        noise,
        seed,
        {cell.name: Cost(cost, cost / 2) for cell in cells(configured())},
    ),
    seed=st.integers(0, 1_000),
    noise=st.floats(0.001, 0.3),
    most=st.integers(3, 48),
    budget=st.floats(0.5, 60),
    cost=st.floats(0.1, 40),
    queue=st.floats(-1, 1),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(made=worlds, first_s=st.floats(0, 4_000))
def test_no_round_is_planned_past_the_budget(made: World, first_s: float) -> None:
    """Whatever cells cost, and however noisy they are, what is planned fits into what is left of the budget."""
    made.run(first_s)
    for plan in made.rounds:
        price = sum(made.costs[name].seconds(more.pairs) for name, more in plan.cells.items())
        assert not plan.cells or plan.spent_s + price <= plan.budget_s - CLOSING_S + 1e-6


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(made=worlds)
def test_no_challenger_is_dropped_that_may_be_the_best(made: World) -> None:
    """While a choice is open and affordable, what looks best gets pairs, waits for others, or is matched."""
    rng = np.random.default_rng(made.seed)
    made._measure(rng, {cell.name: MorePairs(first=0, pairs=1) for cell in cells(made.settings)}, free=True)
    for number in range(1, 40):
        before = {name: [*ratios] for name, ratios in made.ratios.items() if name.startswith("files/")}
        plan = plan_round(made.settings, number, made.measured(), made.costs, spent_s=made.spent_s)
        if plan.modes["json_files"].ended is None:
            means = {name: 0.0 if "sequential" in name else float(np.log(before[name]).mean()) for name in before}
            best = max(means, key=means.__getitem__)
            fewest = min(len(made.ratios[name]) for name in plan.cells)
            # A cheaper one that is shown to lose no more than the tolerance stands for it.
            matched = max(means[name] for name in plan.cells) >= means[best] + math.log1p(-TOLERANCE)
            assert best in plan.cells or len(before[best]) > fewest or best == "files/sequential-1" or matched
        made._measure(rng, plan.cells)
        if not plan.cells:
            break


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(made=worlds)
def test_nothing_is_added_to_what_is_decided(made: World) -> None:
    """Pairs for choices go to open ones alone; the run ends when all are settled and all cells have an interval."""
    made.run()
    for plan in made.rounds:
        ended = {standing.ended for standing in plan.modes.values()}
        assert (plan.purpose == "choices") == (None in ended)
    last = made.rounds[-1]
    assert last.purpose == "nothing"
    if made.settings.budget_minutes == 60 and "budget_spent" not in {each.ended for each in last.modes.values()}:
        assert min(map(len, made.ratios.values())) >= 3


def test_a_clear_race_needs_three_pairs_and_no_more() -> None:
    """Where one way is far ahead, one round settles it, and the next brings the other cells to three pairs."""
    made = world(
        **{f"files_queue_{level}": -1.0 for level in LEVELS}, **{f"files_semaphore_{level}": -1.0 for level in LEVELS}
    )
    rounds = made.run()
    assert [plan.purpose for plan in rounds] == ["choices", "intervals", "nothing"]
    assert rounds[-1].modes["json_files"].status == "decided"
    assert {len(ratios) for ratios in made.ratios.values()} == {3}


def test_pairs_go_where_the_order_is_open() -> None:
    """Ways that are hopeless after three pairs get no more, and rivals of the best do."""
    slow = {f"files_semaphore_{level}": -1.0 for level in LEVELS}
    made = world(noise=0.1, files_queue_5=0.1, files_queue_10=0.08, files_queue_2=-1.0, **slow)
    made.run()
    assert {len(made.ratios[f"files/semaphore-{level}"]) for level in LEVELS} == {3}
    assert len(made.ratios["files/queue-5"]) > 3


def test_a_race_ends_at_the_most_pairs_that_are_allowed() -> None:
    """Where noise is great, a race ends undecided with `pairs.max` pairs, and says so."""
    made = world(noise=0.5, most=6)
    last = made.run()[-1]
    assert (last.modes["json_files"].ended, last.modes["json_files"].status) == ("max_pairs", "undecided")
    assert max(map(len, made.ratios.values())) == 6


def test_a_budget_that_is_spent_adds_nothing() -> None:
    """After a first pass that took all of it, the one round is empty, and says why."""
    made = world(budget_minutes=1)
    (plan,) = made.run(first_s=60)
    assert (plan.purpose, plan.modes["json_files"].ended) == ("nothing", "budget_spent")
    assert plan.modes["json_files"].status == "unknown"


def test_pairs_that_a_round_has_already_are_kept() -> None:
    """A round that is planned again keeps what it measured: these cells get nothing on top in it."""
    made = world()
    made.run()
    made.ratios = {name: ratios[:1] for name, ratios in made.ratios.items()}
    kept = {"files/queue-2": MorePairs(first=1, pairs=2)}
    plan = plan_round(made.settings, 1, made.measured(), made.costs, spent_s=0, kept=kept)
    assert plan.cells["files/queue-2"] == kept["files/queue-2"]
    assert plan.cells["files/queue-5"] == MorePairs(first=1, pairs=2)


def test_tools_that_are_not_told_apart_get_more_pairs() -> None:
    """A tool that is clearly slower has three pairs, one that isn't told from the baseline up to twelve, as it has."""
    config = tools(clear=("files to NDJSON", "files", {}), close=("table to NDJSON", "table", {}))
    made = load_settings(config | {"budget_minutes": 30, "sampling": {"pairs": {"min": 3, "max": 24}}})
    found = {cell.name: 0.0 for cell in cells(made)} | {"clear/rustac-1": -1.0}
    rounds = (finished := World(made, found, 0.3, 1, dict.fromkeys(found, Cost(2.0, 1.0)))).run()
    taken = {name: len(ratios) for name, ratios in finished.ratios.items()}
    assert taken == {"clear/stac_ingest-1": 3, "clear/rustac-1": 3, "close/stac_ingest-1": 12, "close/rustac-1": 12}
    assert [plan.purpose for plan in rounds] == ["intervals"] * 3 + ["nothing"]


def test_what_was_deferred_follows_the_choices() -> None:
    """Once they are made, a round takes the first pair of each such cell, and later ones bring intervals."""
    late = {"stages/sequential-1", "stages/reading-1"}
    made = world(
        **{f"files_queue_{level}": -1.0 for level in LEVELS}, **{f"files_semaphore_{level}": -1.0 for level in LEVELS}
    )
    made.deferred = late
    rounds = made.run()
    assert [plan.purpose for plan in rounds] == ["choices", "deferred", "intervals", "nothing"]
    assert rounds[1].cells == dict.fromkeys(late, MorePairs(first=0, pairs=1))
    assert {len(ratios) for ratios in made.ratios.values()} == {3}


def test_of_what_was_deferred_as_much_is_measured_as_the_budget_allows() -> None:
    """The rest stays deferred, and the rounds end."""
    made = world(
        budget_minutes=5,
        **{f"files_queue_{level}": -1.0 for level in LEVELS},
        **{f"files_semaphore_{level}": -1.0 for level in LEVELS},
    )
    made.deferred = {"stages/sequential-1", "stages/reading-1"}
    made.costs |= dict.fromkeys(made.deferred, Cost(200.0, 20.0))
    rounds = made.run()
    assert [len(plan.cells) for plan in rounds if plan.purpose == "deferred"] == [1]
    assert rounds[-1].purpose == "nothing"


def test_tools_that_are_shown_to_be_equal_get_no_more_pairs() -> None:
    """No difference is an answer too: where three pairs show it, no fourth is taken."""
    config = tools(equal=("files to NDJSON", "files", {}))
    made = load_settings(config | {"budget_minutes": 30, "sampling": {"pairs": {"min": 3, "max": 24}}})
    found = {cell.name: 0.0 for cell in cells(made)}
    finished = World(made, found, 0.001, 1, dict.fromkeys(found, Cost(2.0, 1.0)))
    finished.run()
    assert {len(ratios) for ratios in finished.ratios.values()} == {3}


def test_a_tool_whose_samples_become_invalid_holds_nothing_up() -> None:
    """It is not asked for in each round: its rivals get their pairs, other scenarios intervals, and the rounds end."""
    config = tools(broken=("files to NDJSON", "files", {}))
    config["scenarios"]["broken"]["arms"]["other"] = dict(config["scenarios"]["broken"]["arms"]["rustac"])
    config["scenarios"]["later"] = scenario(
        "files", {"sequential": arm(), "queue": arm(2, settings=QUEUE)}, title="Later", group="later"
    )
    made = load_settings(config | {"budget_minutes": 600, "sampling": {"pairs": {"min": 3, "max": 24}}})
    found = {cell.name: 0.0 for cell in cells(made)}
    finished = Breaking(made, found, 0.3, 1, dict.fromkeys(found, Cost(2.0, 1.0)))
    rounds = finished.run()
    assert sum("broken/rustac-1" in plan.cells for plan in rounds) == 2
    taken = {name: len(ratios) for name, ratios in finished.ratios.items()}
    assert (taken["broken/other-1"], taken["broken/stac_ingest-1"]) == (12, 12)
    assert min(taken.values()) >= 3
    assert rounds[-1].purpose == "nothing"


@dataclass
class Breaking(World):
    """A world in which all samples of a tool are invalid after its first three pairs; each is replaced once."""

    failed: int = 0

    def measured(self) -> list[Cell]:
        """Return the cells as they are so far, with the pairs that failed."""
        return [self._with_failed(cell) if cell.name == "broken/rustac-1" else cell for cell in super().measured()]

    def _with_failed(self, cell: Cell) -> Cell:
        first = len(self.ratios[cell.name])
        bad = [
            fake_sample(role, pair, 1.0, invalid="the command ended with exit code 1")
            for pair in range(first, first + self.failed)
            for role in ("baseline", "candidate")
        ]
        return cell.model_copy(update={"samples": [*cell.samples, *bad]})

    def _measure(self, rng: np.random.Generator, wanted: dict[str, MorePairs], *, free: bool = False) -> None:
        more = wanted.get("broken/rustac-1")
        if more is not None and more.first >= 3:
            self.failed += 2 * more.pairs + 1
            self.spent_s += self.costs["broken/rustac-1"].seconds(more.pairs)
            wanted = {name: each for name, each in wanted.items() if name != "broken/rustac-1"}
        super()._measure(rng, wanted, free=free)


def test_looks_double() -> None:
    """A race is looked at after 3, 6, 12 and 24 pairs, and at the most."""
    assert totals(48) == [3, 6, 12, 24, 48]
    assert totals(30) == [3, 6, 12, 24, 30]
    assert totals(3) == [3]
    assert totals(1000) == [3, 6, 12, 24, 1000]


@pytest.mark.parametrize(("gap", "expected"), [(0.0, 3.0), (0.5, 4.0)])
def test_a_pair_costs_what_lies_between_its_samples_too(gap: float, expected: float) -> None:
    """The start of a sample's process is told from the gap between the two samples of a pair, and counts for both."""
    samples = [
        fake_sample("baseline", 0, 2.0, started_at=10.0),
        fake_sample("candidate", 0, 1.0, started_at=12.0 + gap),
    ]
    cell = fake_cell("files", "queue", samples, [], started_at=5.0, ended_at=20.0)
    cost = Cost.of(cell)
    assert cost.pair_s == pytest.approx(expected)
    assert cost.begin_s == pytest.approx(15.0 - expected)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100), noise=st.floats(0.01, 0.3), total=st.integers(1, 400))
def test_no_round_is_planned_past_the_requests(seed: int, noise: float, total: int) -> None:
    """Of an API whose requests are counted, no more pairs are planned than it may be asked for, and the rounds end."""
    most = 3
    made = load_settings(
        matrix(
            {"api": {"kind": "api", "url": "http://127.0.0.1:1/", "collection": "c"}},
            budget_minutes=600,
            remote={"allow": True, "max_requests": most, "total_requests": total},
            api=scenario("api", {"sequential": arm(), "time_chunks": arm(2, 4, settings=CHUNKS)}),
        )
    )
    names = [cell.name for cell in cells(made)]
    ledger = RequestLedger(Path("unused"), "", total, most)
    asked = World(made, dict.fromkeys(names, 0.0), noise, seed, {name: Cost(1.0, 1.0) for name in names}, ledger=ledger)
    asked.run()
    planned = sum(more.pairs for each in asked.rounds for more in each.cells.values())
    assert 2 * most * planned <= total
    assert not asked.rounds[-1].cells
