"""What is said about a scenario changes with its data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from ingest_bench.analysis.speedup import speed_up as of_pairs
from ingest_bench.report.formatting import NOTHING, safe, speed_up, whole
from ingest_bench.report.kinds import kind_of
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.columns import failures_reported, lost
from ingest_bench.report.model.ranking import (
    best,
    concurrency,
    recommended,
    rival,
    same_as_baseline,
    smallest_alike,
    usable,
)
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.overview import summary
from ingest_bench.report.text.questions import UNMEASURED, answers
from ingest_bench.report.text.scenario import findings
from ingest_bench.results.models import Parity, Results


def rates(given: dict[tuple[str, int], float]) -> Any:
    """Return a change of the truth: these rates for these arms and levels."""
    return lambda _spec, arm, level, truth: replace(truth, rate=given.get((arm, level), truth.rate))


def scenario(*names: str) -> Any:
    """Return a choice of scenarios."""
    return lambda spec: spec.scenario in names


def data_and_view(results: Results, name: str) -> tuple[ReportData, ScenarioView]:
    """Return the scenario of that name."""
    data = ReportData.from_results(results)
    return data, next(view for view in data.views if view.name == name)


def answer(results: Results, word: str) -> str:
    """Return the answer to the only question that holds a word, on one line."""
    (block,) = [block for block in answers(ReportData.from_results(results)) if word in block.question]
    return " ".join(markdown([block]).split())


def damaged(cell: Any, reason: str = "2 items are missing") -> Any:
    """Return a cell that delivered something else."""
    return cell.model_copy(update={"parity": Parity(ok=False, reason=reason)})


@pytest.mark.parametrize(("arm", "level"), [("semaphore", 5), ("semaphore", 20), ("queue", 10), ("sequential", 1)])
def test_the_fastest_is_found(make: Any, arm: str, level: int) -> None:
    """Whichever wins is the best, and is known to be faster than the baseline."""
    _, view = data_and_view(make(truth=rates({(arm, level): 90_000})), "small_files_warm")
    top = best(usable(view))
    assert top
    assert (top.cell.arm, top.level) == (arm, level)
    assert not same_as_baseline(view, top)


def test_a_smaller_level_that_does_as_well_is_found(make: Any) -> None:
    """Twenty workers are not praised where five do the same."""
    truth = rates({("queue", 5): 89_000, ("queue", 10): 89_500, ("queue", 20): 90_000})
    _, view = data_and_view(make(truth=truth), "small_files_warm")
    top = best(usable(view))
    assert top
    assert smallest_alike(view, top).name == "queue at 5"


def test_nothing_faster_is_found(make: Any) -> None:
    """Where the baseline is as good as all others, or better, none is known to be faster."""
    flat = dict.fromkeys([("sequential", 1), ("queue", 2), ("queue", 5)], 9_000.0)
    _, view = data_and_view(make(truth=rates(flat)), "large_files")
    assert all(same_as_baseline(view, row) for row in usable(view))
    _, view = data_and_view(make(truth=rates({**flat, ("queue", 2): 5_000, ("queue", 5): 4_000})), "large_files")
    assert best(usable(view)) is view.null
    nearest = best([row for row in usable(view) if not row.cell.is_null_cell])
    assert nearest
    assert nearest.name == "queue at 2"
    assert not same_as_baseline(view, nearest)


@pytest.mark.parametrize(
    ("rate", "verdict"), [(90_000, "helps"), (10_000, "makes it slower"), (28_000, "makes no difference")]
)
def test_concurrency_helps_or_not(make: Any, rate: float, verdict: str) -> None:
    """The verdict on concurrency follows the rates of the concurrent cells, whatever their names; the answer has it."""
    names = {(arm, level): rate for arm in ("semaphore", "queue") for level in (5, 10, 20)}
    make.noise = 0.01
    results = make(scenario("small_files_warm"), rates({**names, ("sequential", 1): 28_000}))
    _, view = data_and_view(results, "small_files_warm")
    told = concurrency(view)
    assert told
    assert told[0] == verdict
    assert f"{verdict} with {view.title}".lower() in answer(results, "help").lower()


def test_an_undecided_recommendation_has_a_rival(make: Any) -> None:
    """Where more pairs might show a dearer level to be better, the answer and the summary name both."""
    make.noise, make.pairs = 0.3, 4
    truth = rates({("queue", 5): 80_000, ("queue", 10): 100_000, ("queue", 20): 99_000})
    results = make(scenario("small_files_warm"), truth)
    data, view = data_and_view(results, "small_files_warm")
    use, other = recommended(view), rival(view)
    assert use
    assert other
    assert other.level > use.level
    for text in (answer(results, "help"), markdown(summary(data))):
        assert use.cell.label in text
        assert other.cell.label in text


def test_without_usable_cells_nothing_is_claimed(make: Any) -> None:
    """Neither wrong deliveries nor invalid samples make a finding, and each is told as what it is."""
    texts = []
    for edit in (damaged, lambda cell: cell.model_copy(update={"speedup": None})):
        data, view = data_and_view(make(scenario("large_api"), edit=edit), "large_api")
        assert usable(view) == []
        texts.append(findings(data, view))
        assert texts[-1].startswith("Nothing can be said: ")
    assert len(set(texts)) == len(texts)


def test_failures_are_held_against_the_broken_files(make: Any) -> None:
    """Nine failures of ten broken files are not exactly the broken ones, and the finding names whose they are."""
    _, view = data_and_view(make(), "items_directory")
    assert {failures_reported(view, row) for row in view.rows} == {(10, 10)}

    def missed(cell: Any) -> Any:
        if cell.arm != "queue":
            return cell
        return cell.model_copy(
            update={"samples": [sample.model_copy(update={"failures": 9}) for sample in cell.samples]}
        )

    data, view = data_and_view(make(edit=missed), "items_directory")
    wrong = [row.name for row in view.rows if failures_reported(view, row) == (9, 10)]
    assert wrong
    assert all(name.startswith("queue at ") for name in wrong)
    assert all(f"{name} (9 of 10)" in findings(data, view) for name in wrong)


@pytest.mark.parametrize(
    "name",
    ["small_files_warm", "items_directory", "large_file", "small_api", "large_api", "rate_limited", "pagination_page"],
)
def test_a_finding_is_written_from_the_rows(make: Any, name: str) -> None:
    """The best way, its speed-up, its memory and the verdict on concurrency stand in the text as the data have them."""
    data, view = data_and_view(make(), name)
    text, top = findings(data, view), best(usable(view))
    assert top
    assert f"**{safe(top.name)}**, {speed_up(top.standing)} as fast as {safe(view.baseline)}" in text.replace(
        ", per item,", ""
    )
    assert f"{whole(top.peak_mib)} MiB" in text
    asked = kind_of(view).finding(data, view)
    assert (asked or "") in text
    if told := concurrency(view):
        assert f"Concurrency {told[0]} ({safe(told[1].name)} against {safe(told[2].name)}" in text


def test_the_overhead_of_a_client_has_a_sign(make: Any) -> None:
    """It is the other way round where direct HTTP is the slower one."""
    assert "pystac-client takes" in answer(make(), "pystac-client")
    assert "longer than with direct aiohttp" in answer(make(), "pystac-client")
    turned = make(scenario("small_api"), rates({("pystac_client", 1): 900, ("direct", 1): 300}))
    assert "less than with direct aiohttp" in answer(turned, "pystac-client")
    equal = make(scenario("small_api"), rates({("pystac_client", 1): 500, ("direct", 1): 500}))
    assert "can't be told apart" in answer(equal, "pystac-client")


def test_pages_are_compared_at_the_same_size(make: Any) -> None:
    """Several pages at once are set against one after another, page size by page size."""
    text = answer(make(scenario("pagination_page")), "Pages")
    assert all(f"{size} a page: pages at once at " in text for size in ("50", "100", "500", "1,000"))
    assert "no difference" in answer(make(scenario("pagination_token")), "Pages")


def test_lost_items_are_never_called_none(make: Any) -> None:
    """A rate limit that cost items is told with their number."""
    text = answer(make(scenario("rate_limited")), "rate limits")
    assert "up to 3 refusals (429) a run, none lost an item" in text

    def lossy(cell: Any) -> Any:
        fewer = [sample.model_copy(update={"items": sample.items - 100}) for sample in cell.samples]
        return cell.model_copy(update={"samples": fewer}) if cell.arm == "time_chunks" else cell

    results = make(scenario("rate_limited"), edit=lossy)
    assert "up to 100 items lost" in answer(results, "rate limits")
    data, view = data_and_view(results, "rate_limited")
    losing = [row for row in view.rows if row.cell.arm == "time_chunks"]
    assert {row.name: lost(view, row) for row in view.rows} == {
        row.name: 100 if row in losing else 0 for row in view.rows
    }
    assert all(f"{row.name} (100)" in findings(data, view) for row in losing)


def test_no_limit_met_is_said_so(make: Any) -> None:
    """Where no server refused anything, the answer is none."""
    assert "None, in 1 API scenario." in answer(make(scenario("large_api")), "rate limits")


@pytest.mark.parametrize(("ingest", "stage"), [(1.0, "Output"), (30.0, "Ingest")])
def test_the_longest_stage_is_the_bottleneck(make: Any, ingest: float, stage: str) -> None:
    """Whichever stage takes the most time is named."""

    def given(cell: Any) -> Any:
        stages = {"ingest": ingest, "transform": 0.1, "output": 3.0}
        return cell.model_copy(
            update={"samples": [sample.model_copy(update={"stages": stages}) for sample in cell.samples]}
        )

    text = answer(make(scenario("mixed_files_items"), edit=given), "bottleneck")
    assert f"{stage} in 1 scenario." in text


def test_items_out_of_order_are_coped_with_only_if_nothing_is_missing(make: Any) -> None:
    """One concurrent cell that wrote something else makes the answer no."""
    assert "Yes: " in answer(make(), "out of order")
    wrong = make(edit=lambda cell: damaged(cell) if cell.scenario == "mixed_api_ndjson" else cell)
    assert "Not always: " in answer(wrong, "out of order")
    assert "time chunks at 10 in API to NDJSON" in answer(wrong, "out of order")


@pytest.mark.parametrize(
    ("winner", "option"),
    [("semaphore", "option 1 (semaphore)"), ("queue", "option 2 (worker pool"), ("time_chunks", "option 3 (time")],
)
def test_the_option_follows_the_data(make: Any, winner: str, option: str) -> None:
    """The favoured design is the one that is clearly faster."""
    truth = rates({(winner, level): 50_000 for level in (5, 10, 20)} | {("time_chunks", 1): 1_700})
    if winner != "time_chunks":
        truth = rates(
            {(winner, level): 50_000 for level in (5, 10, 20)}
            | {("time_chunks", level): 1_700 for level in (1, 5, 10, 20)}
        )
    assert f"API: {option}" in answer(make(scenario("large_api"), truth), "design option")


def test_the_simplest_of_equals_is_favoured(make: Any) -> None:
    """Where nothing beats one at a time, no option is needed."""
    make.noise = 0.01
    names = {(arm, level): 28_000.0 for arm in ("semaphore", "queue") for level in (5, 10, 20)}
    text = answer(make(scenario("small_files_warm"), rates({**names, ("sequential", 1): 28_000})), "design option")
    assert "JSON files: one at a time, from which option 1 (semaphore) and option 2 (worker pool with a queue)" in text


@pytest.mark.parametrize(("cpu", "word"), [(0.97, "CPU-bound"), (0.2, "I/O-bound"), (0.6, "both CPU and I/O")])
def test_what_bounds_files_follows_from_cpu_time(make: Any, cpu: float, word: str) -> None:
    """CPU time over wall time decides, and the answer says that this is its evidence."""
    results = make(scenario("small_files_warm"), lambda _spec, _arm, _level, truth: replace(truth, cpu=cpu))
    text = answer(results, "bound")
    assert word in text
    assert "The evidence is CPU time over wall time" in text


def test_cold_files_are_compared_with_warm_ones(make: Any) -> None:
    """The same way on the same corpus, evicted or not."""
    text = answer(make(scenario("small_files_warm", "small_files_cold")), "bound")
    assert "its time with warm files" in text
    assert "its time with warm files" not in answer(make(scenario("small_files_cold")), "bound")


@pytest.mark.parametrize(("rate", "verdict"), [(90_000, "yes; process pool at 20"), (900, "no; process pool at")])
def test_processes_are_judged_by_the_data(make: Any, rate: float, verdict: str) -> None:
    """Several processes pay or don't."""
    truth = rates({("process_pool", 20): rate})
    assert verdict in answer(make(scenario("small_files_warm"), truth), "processes")


@pytest.mark.parametrize(
    ("rate", "verdict"), [(40_000, r"[2-9]\.\d+x .* as fast as time chunks at 20"), (2_000, r"0\.\d+x")]
)
def test_auto_is_compared_with_the_best_fixed_level(make: Any, rate: float, verdict: str) -> None:
    """The level found while running is held against the best that was fixed, which it can never be itself."""
    text = answer(make(scenario("large_api"), rates({("auto", 50): rate})), "auto")
    assert re.search(verdict, text)
    assert "as fast as time chunks" in text


def test_an_unmeasured_question_is_said_to_be(make: Any) -> None:
    """No answer is made up for scenarios that are not there."""
    text = markdown(answers(ReportData.from_results(make(scenario("small_files_warm")))))
    for word in ("Pages one after another", "bottleneck", "out of order", "grow with the collection"):
        assert UNMEASURED in next(part for part in text.split("\n\n") if word in part).replace("\n", " ")


def test_the_summary_has_a_line_for_each_scenario(make: Any) -> None:
    """Best and recommended ways are on the first screen; what only explains, or compares tools, is out."""
    results = make()
    data = ReportData.from_results(results)
    text = markdown(summary(data))
    assert f"{len(results.cells)} cells in {len(results.config['scenarios'])} scenarios" in text.replace("\n", " ")
    listed = [view.name for view in data.views if f"| {view.title}" in text]
    assert listed == [view.name for view in data.views if view.scenario.choosable]
    line = next(line for line in text.split("\n") if line.startswith("| Files to a file per item"))
    assert "not told apart" in line


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ([0.98, 1.01, 0.99], "no difference"),
        ([0.9, 1.1, 0.9], "not told apart"),
        ([0.5, 0.501, 0.499], NOTHING),
    ],
)
def test_where_the_baseline_is_best_the_summary_says_what_is_known_of_the_others(
    make: Any, ratios: list[float], words: str
) -> None:
    """No difference is said only if it is shown of the nearest way; of ways that are all slower nothing is said."""
    results = make(scenario("small_files_warm"))
    for cell in results.cells:
        cell.speedup = of_pairs([0.999, 1.0, 1.001] if cell.is_null_cell else ratios, 0.95)
    lines = markdown(summary(ReportData.from_results(results))).split("\n")
    (line,) = (line for line in lines if line.startswith("| 10,000 small"))
    assert [part.strip() for part in line.split("|")][3:5] == [NOTHING, words]
