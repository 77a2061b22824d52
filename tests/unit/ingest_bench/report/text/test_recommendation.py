"""What the report says to do, and that its tables recommend the same."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest

from ingest_bench.analysis.recommendations import recommend_scenarios
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.certainty import probability, share
from ingest_bench.report.model.ranking import recommended, rival
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.outline import whole_report
from ingest_bench.report.text.recommendation import what_to_do


def test_there_is_a_line_for_each_mode_that_was_measured(make: Any) -> None:
    """Each line begins with its mode and gives a choice, its certainty and its costs."""
    lines = what_to_do(ReportData.from_results(make()))
    assert [line.partition("**: ")[0] for line in lines] == ["**JSON files", "**GeoParquet", "**API"]
    for line in lines:
        assert "use **" in line
        assert "to be the best" in line
        assert "MiB of memory" in line
    assert "requests a run" in lines[-1]


def test_cpu_time_is_a_cost_and_a_check_where_one_thread_computes(make: Any) -> None:
    """Every mode has the CPU time of a run; its speed-up only stands where one thread computes throughout."""
    busy = lambda _spec, _arm, _level, found: replace(found, cpu=1.0)  # noqa: E731 - a change of the truth
    waiting = lambda _spec, _arm, _level, found: replace(found, cpu=0.5)  # noqa: E731 - likewise
    for truth, is_checked in ((busy, True), (waiting, False)):
        (line,) = what_to_do(ReportData.from_results(make(lambda spec: spec.scenario == "small_files_warm", truth)))
        assert re.search(r"[0-9] m?s of CPU time", line)
        assert ("By CPU time" in line) is is_checked
        assert "disagrees" not in line


def test_a_check_that_disagrees_says_so(make: Any) -> None:
    """If the intervals by wall time and by CPU time don't overlap, the recommendation says that they disagree."""
    make.noise = 0.0001
    apart = lambda spec, arm, _level, found: replace(found, cpu=0.98 if arm == spec.baseline.arm else 1.02)  # noqa: E731
    (line,) = what_to_do(ReportData.from_results(make(lambda spec: spec.scenario == "small_files_warm", apart)))
    assert "and so disagrees with wall time, in *10,000 small files, warm cache*" in line


def test_what_is_compared_with_is_named_once(make: Any) -> None:
    """Of scenarios with the same baseline the first names it, and each has its gain."""
    line = what_to_do(
        ReportData.from_results(make(lambda spec: spec.scenario in ("small_files_warm", "small_files_cold")))
    )[0]
    assert line.count("as fast as stac-manager") == 1
    assert re.search(r"x \([^)]*\) in \*10,000 small files, cold cache\*", line)


def test_a_choice_that_is_its_own_baseline_says_what_it_gains_elsewhere(make: Any) -> None:
    """Five files are compared with reading one after another; the single file says what that gains over today's way."""
    files = ("large_file", "large_files")
    flat = {("sequential", 1): 9_900.0, ("queue", 2): 9_000.0, ("queue", 5): 8_000.0}
    truth = lambda _spec, arm, level, found: replace(found, rate=flat.get((arm, level), found.rate))  # noqa: E731 - a change of the truth
    (line,) = what_to_do(ReportData.from_results(make(lambda spec: spec.scenario in files, truth)))
    assert "as fast as stac-manager, which does other work, in *One GeoParquet file" in line
    assert "and the baseline itself in *Five GeoParquet files" in line


def test_a_bet_is_for_now(make: Any) -> None:
    """What is not decided is to be used for now, with the pairs that would settle it."""
    make.noise, make.pairs = 0.3, 3
    (line,) = what_to_do(ReportData.from_results(make(lambda spec: spec.scenario == "small_files_warm")))
    assert line.startswith("**JSON files**: for now use **")
    assert "would settle it" in line


def test_the_report_has_it_before_its_answers(make: Any) -> None:
    """What to do comes first."""
    text = markdown([whole_report(ReportData.from_results(make(lambda spec: spec.scenario == "large_api")))])
    assert 0 < text.index("## Recommendations") < text.index("## Questions answered")


def test_the_tables_recommend_what_is_advised(make: Any) -> None:
    """The recommended row of a scenario is the advised option, in every scenario that has one."""
    results = make()
    data = ReportData.from_results(results)
    advised = {advice.name: advice.use for advice in recommend_scenarios(results)}
    assert {view.name for view in data.views if view.name not in advised} == {
        name for name, scenario in data.settings.scenarios.items() if not scenario.choosable
    }
    for view in [view for view in data.views if view.name in advised]:
        row, use = recommended(view), advised[view.name]
        assert row is not None
        assert use is not None
        assert (row.cell.arm, row.level) == (use.cell.arm, use.concurrency)


def test_a_rival_is_dearer_and_only_named_while_undecided(make: Any) -> None:
    """What may be better is named beside the provisional choice while noise hides if it is; not once decided."""

    def faster(spec: Any, arm: str, level: int, found: Any) -> Any:
        return replace(found, rate=found.rate * (1.3 if level > 1 else 1.0))

    seen = set()
    for make.noise, make.seed in [(0.01, 1), *((0.3, seed) for seed in range(8))]:
        results = make(lambda spec: spec.scenario == "mixed_files_ndjson", truth=faster)
        (advice,), (view,) = recommend_scenarios(results), ReportData.from_results(results).views
        row, other = recommended(view), rival(view)
        assert row is not None
        expected = not advice.verdict.decided
        assert (other is not None) is expected
        assert other is None or (row.level, other.level > 1) == (1, True)
        seen.add(expected)
    assert seen == {True, False}


def test_a_scenario_that_contradicts_its_mode_is_named(make: Any) -> None:
    """Where the mode's choice is known to be worse than another, the scenario and its own choice are told."""

    def truth(spec: Any, arm: str, level: int, found: Any) -> Any:
        if spec.scenario == "rate_limited":
            return replace(found, rate={5: 9_000.0, 20: 1_000.0}.get(level, 1_500.0))
        return found

    results = make(lambda spec: spec.scenario in ("large_api", "rate_limited"), truth=truth)
    advice = ReportData.from_results(results).modes["api"]
    assert [each.name for each in advice.better_elsewhere] != []
    assert "Better elsewhere: " in what_to_do(ReportData.from_results(results))[0]


def test_near_certainty_is_not_rounded_to_it() -> None:
    """A probability is 100% or 0% only when it is exactly that."""
    assert [probability(value) for value in (1.0, 0.9999, 0.5, 0.0001, 0.0)] == [
        "100%",
        "over 99%",
        "50%",
        "under 1%",
        "0%",
    ]
    assert share(0.004) == "under 1%"


def test_scenarios_that_decide_together_err_independently(make: Any) -> None:
    """The interval between two options over three scenarios is as wide as that of the mean of independent errors."""
    advice = ReportData.from_results(make()).modes["json_files"]
    keys = list(advice.strategies().values())[-2:]

    def width(options: dict[str, list[Any]]) -> float:
        ratio = replace(advice, options=options).versus(*keys)
        return math.log(ratio.high / ratio.low)

    each = [width({key: [advice.options[key][index]] for key in keys}) for index in range(3)]
    assert width({key: advice.options[key] for key in keys}) == pytest.approx(math.hypot(*each) / 3, rel=0.1)
