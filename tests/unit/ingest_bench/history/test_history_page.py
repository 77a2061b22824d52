"""What `make history` says: which cell has moved and when, and what two machines have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from ingest_bench.__main__ import main
from ingest_bench.history.entries import RUNS, rows_of
from ingest_bench.history.inputs import History
from ingest_bench.history.machines import side_by_side
from ingest_bench.history.outline import history_page
from ingest_bench.history.series import all_series, moved, what_else
from ingest_bench.report.html.document import page
from ingest_bench.report.markdown import markdown
from ingest_bench.results.models import Results

Write = Callable[[Results, str], Path]
LARGEST = 12_000
"""Nodes of the page."""


def history_of(*runs: Results) -> History:
    """Bring the rows of runs together."""
    return History([row for run in runs for row in rows_of(run)])


def test_a_planted_slow_down_is_the_only_change(world: Any) -> None:
    """One cell takes 1.4 times as long from run 13 of 20 on: speed-up, throughput and CPU time of it move alone."""
    one = world()
    slower = {("s1", "arm_0"): 1.4}
    history = history_of(*(one.run(day, slower if day >= 12 else {}) for day in range(20)))
    changes = moved(all_series(history.rows))
    assert {(change.after.cell, change.measure.name) for change in changes} == {
        ("s1/arm_0-1", name) for name in ("speed-up", "throughput", "CPU time an item")
    }
    for change in changes:
        assert change.worse
        assert change.after.commit == "0c" * 20
        assert max(change.point.factor, 1 / change.point.factor) == pytest.approx(1.4, rel=0.12)
        assert what_else(change.before, change.after) == ["commit 0b0b0b0b0b to 0c0c0c0c0c"]
    told = markdown([history_page(history)])
    assert re.search(r"\| 21 October 2025 \| s1/arm\\?_0-1 +\| speed-up, x .*worse", re.sub(" +", " ", told))


def test_a_machine_that_gets_slower_moves_no_speed_up(world: Any) -> None:
    """Where everything takes twice the time from some run on, times move and speed-ups don't."""
    one = world()
    history = history_of(*(one.run(day, speed=0.5 if day >= 10 else 1.0) for day in range(20)))
    assert {change.measure.name for change in moved(all_series(history.rows))} == {"throughput", "CPU time an item"}
    assert "No speed-up moved that day: the machine did" in " ".join(markdown([history_page(history)]).split())


def test_a_quiet_history_says_so(world: Any) -> None:
    """Twenty runs of the same show no change, and fewer than six are not looked at."""
    one = world()
    runs = [one.run(day) for day in range(20)]
    assert "No cell has moved beyond chance." in markdown([history_page(history_of(*runs))])
    assert "no cell has as many yet" in " ".join(markdown([history_page(history_of(*runs[:5]))]).split())


def test_runs_of_another_question_are_not_mixed(world: Any) -> None:
    """A cell whose settings changed begins a new series, and what was before is counted."""
    one = world()
    before = [one.run(day) for day in range(3)]
    one.config["scenarios"]["s0"]["arms"]["arm_0"]["settings"] = {"worker_strategy": "queue"}
    series = all_series(history_of(*before, one.run(3)).rows)
    assert {each.last.cell: (len(each.rows), each.otherwise) for each in series if each.otherwise} == {
        "s0/arm_0-1": (1, 3)
    }


def test_machines_are_put_side_by_side(world: Any, other_machine: Any) -> None:
    """On a machine of twice the speed ratios carry over but for the cell that is planted, and times don't."""
    one = world(arms=3, spread=0.005)
    here = one.run(0)
    there = one.run(1, {("s0", "arm_1"): 2.2}, other_machine, 2.0)
    (beside,) = side_by_side(all_series(history_of(here, there).rows))
    assert beside.one.cpu_model == other_machine.cpu_model
    assert {pair.one.cell: pair.carries_over for pair in beside.compared} == {
        f"s{place}/arm_{each}-1": "differs" if (place, each) == (0, 1) else "the same"
        for place in range(2)
        for each in range(3)
    }
    factors = {factor.name: factor for factor in beside.factors}
    assert factors["wall time"].median == pytest.approx(2.0, rel=0.1)
    assert factors["speed-up over the baseline"].median == pytest.approx(1.0, rel=0.05)
    told = " ".join(markdown([history_page(history_of(here, there))]).split())
    assert "Of 6 speed-ups, 5 are the same, 0 go the same way by another factor, 1 differ" in told


def test_the_command_appends_and_writes(
    world: Any, write: Write, tmp_path: Path, other_machine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results that are in no history yet are appended, others are read beside them, and both forms are whole."""
    results = write(world().run(0), "here").parent
    write(world().run(1, machine=other_machine), "elsewhere/deep")
    (tmp_path / "elsewhere/benchmark_results.json").write_text("{}")
    for _ in range(2):
        assert main(["history", "--results", str(results), str(tmp_path / "elsewhere")]) == 0
    assert capsys.readouterr().out.splitlines() == [str(results / "history/history.html")] * 2
    assert len(list((results / RUNS).iterdir())) == 1
    told = (results / "history/history.md").read_text()
    assert "2 runs on 2 machines" in told
    assert "**Warning:**" in told
    for image in re.findall(r"\]\((figures/[^)]+)\)", told):
        fromstring((results / "history" / image).read_text())
    html = (results / "history/history.html").read_text()
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", html)


def test_without_a_run_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder gives exit code 2 and a sentence, and leaves nothing behind."""
    assert main(["history", "--results", str(tmp_path)]) == 2
    assert "`make run` makes one" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_foreign_words_do_no_harm(world: Any) -> None:
    """A title, a label and a commit that look like markup are text on the page."""
    bad = "<script>alert(1)</script> [x](javascript:alert) ** | `"
    history = history_of(*(world().run(day) for day in range(8)))
    rows = [
        row.model_copy(update={"title": bad, "label": bad, "commit": bad, "cpu_model": bad}) for row in history.rows
    ]
    content = history_page(History(rows, left_out=[bad]))
    html = page(content)
    assert "<script>alert" not in html
    assert "javascript:" not in re.sub(r">[^<]*<", "><", html)
    assert "<script>" not in markdown([content])


@pytest.mark.slow
def test_a_page_of_many_runs_stays_light(world: Any) -> None:
    """With 40 scenarios of 4 cells in 12 runs, of which all move, the page has fewer nodes than a browser minds."""
    one = world(scenarios=40, arms=3, pairs=3)
    slower = dict.fromkeys(one.names, 1.5)
    history = history_of(*(one.run(day, slower if day >= 6 else {}) for day in range(12)))
    html = page(history_page(history))
    assert len(re.findall(r"<[a-z]", html)) < LARGEST


def test_packages_that_differ_are_named(world: Any) -> None:
    """What else changed between two runs names the packages with both versions."""
    (before, *_), (after, *_) = rows_of(world().run(0)), rows_of(world().run(0))
    newer = json.dumps(json.loads(after.packages) | {"orjson": "4.0.0"})
    assert what_else(before, after.model_copy(update={"packages": newer, "kernel": "6.9"})) == [
        "kernel 6.1.0 to 6.9",
        "orjson 3.10.7 to 4.0.0",
    ]
