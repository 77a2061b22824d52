"""The first screen follows the data: what to change, how much it brings, and how sure that is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from ingest_bench.report.blocks import Entry, Paragraph, Table
from ingest_bench.report.formatting import NOTHING
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.first_screen import advice, first_screen, quality
from ingest_bench.report.text.recommendation import compared_with_others
from ingest_bench.results.models import Round


def one(name: str) -> Any:
    """Return a choice of one scenario."""
    return lambda spec: spec.scenario == name


def rates(given: dict[tuple[str, int], float]) -> Any:
    """Return a change of the truth: these rates for these arms and levels."""
    return lambda _spec, arm, level, truth: replace(truth, rate=given.get((arm, level), truth.rate))


def widened(low: float, high: float) -> Any:
    """Return a change that gives every null cell this interval."""

    def edit(cell: Any) -> Any:
        ratio = (
            cell.speedup.model_copy(update={"median": 1.0, "low": low, "high": high})
            if cell.is_null_cell
            else cell.speedup
        )
        return cell.model_copy(update={"speedup": ratio})

    return edit


@pytest.mark.parametrize(
    ("arm", "level", "told"),
    [
        ("semaphore", 20, "**semaphore at 20** (`concurrency: 20, worker_strategy: semaphore`)"),
        ("queue", 10, "**queue at 10** (`concurrency: 10, worker_strategy: queue`)"),
        ("sequential", 1, "**sequential at 1** (`concurrency: 1`)"),
    ],
)
def test_what_wins_is_advised_with_its_settings(make: Any, arm: str, level: int, told: str) -> None:
    """Whichever way is the fastest is the one to use, in settings that can be pasted."""
    (line,) = advice(ReportData.from_results(make(one("small_files_warm"), rates({(arm, level): 90_000.0}))))
    assert line.startswith(f"**Item files.** Use {told}: ")
    assert "as fast as stac-manager, at " in line
    assert line.endswith("*Beyond noise*, on 6 pairs.")


def test_nothing_to_gain_is_said(make: Any) -> None:
    """Where no way can be told from the baseline, one is to keep it."""
    flat = dict.fromkeys([("sequential", 1), ("queue", 2), ("queue", 5)], 9_000.0)
    (line,) = advice(ReportData.from_results(make(one("large_files"), rates(flat))))
    assert line == "**GeoParquet.** Keep sequential: *no difference is known*."


def test_a_loss_is_never_advised(make: Any) -> None:
    """Where every way that can be set is slower than what is done today, one is to keep doing that."""
    slow = {("sequential", 1): 900.0} | {(arm, level): 900.0 for arm in ("queue", "semaphore") for level in (5, 10, 20)}
    (line,) = advice(ReportData.from_results(make(one("small_files_warm"), rates(slow))))
    assert line == "**Item files.** Keep stac-manager: *every other way is slower*."


def test_a_rival_is_named(make: Any) -> None:
    """Where more pairs might show a dearer level to be better, the choice is undecided, and says against what."""
    make.noise, make.pairs = 0.3, 4
    truth = rates({("queue", 5): 80_000.0, ("queue", 10): 100_000.0, ("queue", 20): 99_000.0})
    (line,) = advice(ReportData.from_results(make(one("small_files_warm"), truth)))
    assert "Use **queue at 5**" in line
    assert line.endswith("undecided against queue at 20.")


def test_unlike_work_is_told(make: Any) -> None:
    """A gain over a baseline that delivers something else says so."""
    (line,) = advice(ReportData.from_results(make(one("large_file"))))
    assert "though the baseline does other work" in line


@pytest.mark.parametrize("rate", [9_000.0, 900.0])
def test_a_baseline_that_delivers_something_else_is_never_kept(make: Any, rate: float) -> None:
    """Where no way is known to be faster than one that is wrong, the right one is advised all the same."""
    given = rates({("upstream", 1): 9_000.0, ("sequential", 1): rate})
    (line,) = advice(ReportData.from_results(make(one("large_file"), given)))
    assert line.startswith("**GeoParquet.** Use **sequential at 1** (`concurrency: 1`): stac-manager doesn't deliver")
    assert "Keep" not in line


def test_the_largest_effect_is_first(make: Any) -> None:
    """Lines come in the order of what they bring, and those that bring nothing at the end."""
    first = advice(ReportData.from_results(make(truth=rates({("time_chunks", 20): 90_000.0}))))[0]
    assert first.startswith("**An API.** ")
    assert "Use **time chunks at 20**" in first
    lines = advice(ReportData.from_results(make(truth=rates({("sequential", 1): 900_000.0}))))
    assert lines[0].startswith(("**Item files.**", "**A collection folder.**"))


def test_settings_of_strangers_stay_code(make_of: Any, make: Any) -> None:
    """A label full of marks is shown as it is, and a backtick can't end the settings."""
    config = make.settings.model_dump(mode="json")
    arms = config["scenarios"]["small_files_warm"]["arms"]
    arms["queue"]["label"] = "`**x** <b>"
    results = make_of(config)(one("small_files_warm"), rates({("queue", 10): 90_000.0}))
    (line,) = advice(ReportData.from_results(results))
    assert r"**\`\*\*x\*\* \<b\> at 10** (`concurrency: 10, worker_strategy: queue`)" in line


@pytest.mark.parametrize(("low", "high", "word"), [(0.98, 1.02, "good"), (0.5, 2.0, "poor")])
def test_the_numbers_are_judged_by_their_noise(make: Any, low: float, high: float, word: str) -> None:
    """Narrow null cells make good numbers, wide ones poor ones, and the least effect that can be seen is told."""
    data = ReportData.from_results(make(edit=widened(low, high)))
    assert quality(data) == word
    line = first_screen(data)[1]
    assert isinstance(line, Paragraph)
    assert f"Data quality: **{word}**: " in line.text
    assert f"differences below {'1.02x' if word == 'good' else '2.0x'} are within noise" in line.text


def test_some_noise_makes_fair_numbers(make: Any) -> None:
    """One noisy scenario of many is told, by its name, without condemning the others."""

    def edit(cell: Any) -> Any:
        return widened(0.4, 2.5)(cell) if cell.scenario == "large_api" else widened(0.98, 1.02)(cell)

    data = ReportData.from_results(make(edit=edit))
    assert quality(data) == "fair"
    reasons = first_screen(data)[1]
    assert isinstance(reasons, Paragraph)
    assert "10,000 items over an API with 50 ms think time" in reasons.text
    # The others are of a baseline that does other work, and of three scenarios with a tool that is known to.
    assert "[5 warnings](#warnings)" in reasons.text


def test_the_first_screen_has_its_parts(make: Any) -> None:
    """What to set, how good the numbers are, how to take it over, in this order; or that nothing is recommended."""
    blocks = first_screen(ReportData.from_results(make()))
    assert [type(block) for block in blocks] == [Table, Paragraph, Paragraph]
    assert "--config recommended_ingest.yaml" in text_of(blocks[2])
    empty = make(edit=lambda cell: cell.model_copy(update={"speedup": None, "samples": []}))
    blocks = first_screen(ReportData.from_results(empty))
    assert [type(block) for block in blocks] == [Paragraph, Paragraph]
    assert blocks[0] == Paragraph("Nothing can be recommended: no cell can be judged.")


@pytest.mark.parametrize("update", [{}, {"speedup": None, "samples": []}])
def test_a_spent_budget_says_what_to_do(make: Any, update: dict[str, Any]) -> None:
    """Whether other choices are settled or none is: those that the budget ended are named, and that a run goes on."""
    results = make(edit=lambda cell: cell.model_copy(update=update))
    standing = {"status": "unknown", "use": None, "rivals": [], "pairs": 1}
    modes = {
        mode: {**standing, "ended": ended}
        for mode, ended in (("json_files", "budget_spent"), ("geoparquet", "budget_spent"), ("api", "decided"))
    }
    spent = {"number": 1, "planned_at": 0, "spent_s": 2524, "budget_s": 2100, "purpose": "nothing", "cells": {}}
    results.rounds.append(Round.model_validate({**spent, "modes": modes}))
    said = text_of(first_screen(ReportData.from_results(results))[1])
    assert said.startswith("JSON files and GeoParquet aren't settled: 42 min of the 35 min of the budget")
    assert "the next run goes on from here" in said


def test_each_kind_of_source_has_a_row(make: Any) -> None:
    """A row says what is read, the settings, the least gain with its interval, how sure that is, and the costs."""
    rows = what_to_set(make(truth=rates({("time_chunks", 20): 90_000.0})))
    assert rows.keys() == {"JSON files", "GeoParquet", "API"}
    settings, gain, sure, memory, requests = rows["API"]
    assert settings.text == "**time chunks at 20** (`concurrency: 20, worker_strategy: time_chunks`)"
    assert gain.spread is not None
    assert gain.spread.low <= gain.spread.median == gain.key <= gain.spread.high
    assert gain.text.startswith("at least ")
    assert sure.text == "decided at 95%"
    assert (memory.key or 0) > 0
    assert (requests.key or 0) > 0
    assert rows["JSON files"][4].text == NOTHING


def test_the_least_gain_is_shown(make: Any) -> None:
    """Of the scenarios that decide, the one in which the choice gains least has the number."""
    data = ReportData.from_results(make())
    choice = data.modes["json_files"]
    gains = [option.cell.standing.median for _, option in compared_with_others(choice) if option.cell.standing]
    assert what_to_set(make())["JSON files"][1].key == min(gains)


def test_what_is_missing_for_a_decision_is_named(make: Any) -> None:
    """Where a choice isn't decided, the row names what it is not shown to beat."""
    make.noise, make.pairs = 0.3, 4
    truth = rates({("queue", 5): 80_000.0, ("queue", 10): 100_000.0, ("queue", 20): 99_000.0})
    rows = what_to_set(make(one("small_files_warm"), truth))
    assert re.match(r"undecided against .*queue at", rows["JSON files"][2].text)


def what_to_set(results: Any) -> dict[str, list[Entry]]:
    """Return the rows of the first screen's table by their first field."""
    table = first_screen(ReportData.from_results(results))[0]
    assert isinstance(table, Table)
    return {name.text: fields for name, *fields in table.rows}


def text_of(block: Any) -> str:
    """Return a paragraph's text."""
    assert isinstance(block, Paragraph)
    return block.text
