"""What the first pass measures first, and what it defers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factories import QUEUE, arm, fake_cell, fake_pairs, matrix, scenario, tools
from ingest_bench.config.matrix import PlannedCell, cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.results.checksum import with_checksum
from ingest_bench.system.dependencies import recording
from ingest_bench.workflow.first_pass import FirstPass
from ingest_bench.workflow.identity import cell_identity, fingerprint
from ingest_bench.workflow.round_files import with_rounds
from ingest_bench.workflow.round_plan import Cost, costs


def configured(folder: Path, **more: Any) -> Settings:
    """Return a matrix with a choice, a comparison of tools and stages, in an order that isn't theirs."""
    found = tools(task=("files to NDJSON", "files", {}))
    found["scenarios"] = {
        **matrix({}, parts=scenario(arms={"sequential": arm(), "reading": arm(fetcher="read_only")}))["scenarios"],
        **found["scenarios"],
        **matrix({}, choice=scenario(arms={"sequential": arm(), "queue": arm(2, settings=QUEUE)}))["scenarios"],
    }
    return load_settings(found | {"results": str(folder), "budget_minutes": 10} | more)


def cell_of(settings: Settings, scenario_name: str) -> PlannedCell:
    """Return the first cell of a scenario."""
    return next(cell for cell in cells(settings) if cell.scenario == scenario_name)


def measured(settings: Settings, seconds: float, *, identity: str | None = None) -> None:
    """Write the file of each cell, as if it had taken so long, one after the other."""
    with recording() as code:
        pass
    depends_on = code.dependencies().model_dump()
    for number, cell in enumerate(cells(settings)):
        record = {
            "identity": identity or fingerprint(cell_identity(settings, cell)),
            "corpora": {name: settings.built_at(name) for name in cell.corpora},
            "depends_on": depends_on,
            "started_at": 1_000 + number * seconds,
            "ended_at": 1_000 + (number + 1) * seconds,
        }
        path = Path(settings.results) / cell.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(with_checksum(json.dumps(record, indent=1)))


def test_choices_come_first(tmp_path: Path) -> None:
    """Then tools, then all else; corpora before them."""
    made = configured(tmp_path)
    first = FirstPass(made)
    ranks = [first.priority(cell_of(made, name)) for name in ("choice", "task", "parts")]
    assert [first.corpora, *ranks] == sorted({first.corpora, *ranks}, reverse=True)


@pytest.mark.parametrize(("seconds", "deferred"), [(70.0, False), (73.0, True)])
def test_the_share_of_the_budget_is_for_the_first_pass(tmp_path: Path, seconds: float, *, deferred: bool) -> None:
    """Six minutes of ten may go by, of the five other cells, before one is deferred; a choice never is."""
    made = configured(tmp_path)
    measured(made, seconds)
    assert [bool(FirstPass(made).deferred(cell_of(made, name))) for name in ("parts", "choice")] == [deferred, False]


def test_nothing_is_deferred_where_all_is_wanted(tmp_path: Path) -> None:
    """A share of 1, or no budget, means every cell."""
    for more in ({"first_pass_share": 1}, {"budget_minutes": None}):
        made = configured(tmp_path, **more)
        measured(made, 1_000)
        assert FirstPass(made).deferred(cell_of(made, "parts")) is None


def test_nothing_is_deferred_where_nothing_is_recommended(tmp_path: Path) -> None:
    """A comparison of tools alone leaves no time for choices, since it has none."""
    made = load_settings(
        tools(one=("files to NDJSON", "files", {}), other=("table to NDJSON", "table", {}))
        | {"results": str(tmp_path), "budget_minutes": 1}
    )
    measured(made, 1_000)
    assert [FirstPass(made).deferred(cell) for cell in cells(made)] == [None] * len(cells(made))


def test_what_is_measured_again_has_spent_nothing(tmp_path: Path) -> None:
    """Files of other settings are of another run, and its time isn't this one's."""
    made = configured(tmp_path)
    measured(made, 1_000, identity="of before")
    assert FirstPass(made).deferred(cell_of(made, "parts")) is None


def test_the_reason_says_what_to_change(tmp_path: Path) -> None:
    """It names the setting, what it is, and what was spent."""
    made = configured(tmp_path)
    measured(made, 120)
    assert FirstPass(made).deferred(cell_of(made, "parts")) == (
        "No recommendation rests on it, and the first pass had taken 10.0 of the 10 minutes of the budget "
        "(budget_minutes)"
    )


def test_what_was_deferred_is_what_a_round_measured() -> None:
    """A cell that a round measures first has that round's trace and machine, and no reason any more."""
    off = fake_cell("parts", "reading", [], [], stop_reason="deferred", unavailable="no time")
    load = off.load_before.model_copy(update={"load_1m": 7.0})
    trace = off.trace.model_copy(update={"items": 5})
    added = fake_cell("parts", "reading", fake_pairs([2.0]), [], trace=trace, load_before=load)
    whole = with_rounds(off, [3], [added], 0.95)
    assert (whole.unavailable, whole.stop_reason, whole.is_deferred) == (None, "rounds_ended", False)
    assert (whole.trace, whole.load_before, len(whole.samples)) == (trace, load, 2)
    assert with_rounds(off, [], [], 0.95).is_deferred


def test_what_was_deferred_is_taken_to_cost_what_others_do() -> None:
    """The most of its scenario's, or else the mean of all; once it is measured, its own."""
    off = fake_cell("a", "late", [], [], stop_reason="deferred")
    alone = fake_cell("b", "late", [], [], stop_reason="deferred")
    one, two = (
        fake_cell("a", name, fake_pairs([1.0]), [], started_at=0.0, ended_at=seconds)
        for name, seconds in (("quick", 4.0), ("slow", 8.0))
    )
    known = {"a/quick-1": [one], "a/slow-1": [two], "a/late-1": [off], "b/late-1": [alone]}
    found = costs(known)
    assert found["a/late-1"] == found["a/slow-1"] == Cost.of(two)
    assert found["b/late-1"].seconds(1) == pytest.approx((Cost.of(one).seconds(1) + Cost.of(two).seconds(1)) / 2)
    assert costs(known | {"b/late-1": [alone, one]})["b/late-1"] == Cost.of(one)
