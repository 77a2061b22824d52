"""The table of each scenario."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from factories import arm, matrix, scenario
from ingest_bench.report.formatting import NOTHING
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.scenario import scenario_table
from ingest_bench.results.models import Parity, Results

SEED = ["Strategy", "Concurrency", "Time (s)", "Throughput (items/s)", "Memory (MiB)", "Speed-up", "Pairs"]


def table_of(results: Results, name: str) -> tuple[list[str], list[dict[str, str]], str]:
    """Return headings, rows and the text below the table of a scenario."""
    data = ReportData.from_results(results)
    text = markdown(scenario_table(data, next(view for view in data.views if view.name == name)))
    table, _, below = text.partition("\n\n")
    below = " ".join(below.split())
    lines = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.split("\n")]
    return lines[0], [dict(zip(lines[0], line, strict=True)) for line in lines[2:]], below


def test_every_cell_of_the_matrix_has_one_row(make: Any) -> None:
    """No cell is missing from the tables, none is there twice, and each stands below the seed's headings."""
    results = make()
    rows: Counter[tuple[str, str, str]] = Counter()
    for name in results.config["scenarios"]:
        titles, found, _ = table_of(results, name)
        assert titles[: len(SEED)] == SEED
        rows.update((name, re.sub("~", "", row["Strategy"]), re.sub("~", "", row["Concurrency"])) for row in found)
    assert rows == Counter((cell.scenario, cell.label, str(cell.concurrency)) for cell in results.cells)


def test_figures_are_medians_of_the_cells_own_runs(make: Any) -> None:
    """Time, throughput and memory are the candidate's, and a invalid sample has no part in them."""

    def given(cell: Any) -> Any:
        times = iter([1.0, 2.0, 3.0, 4.0, 5.0, 100.0])
        samples = [
            sample.model_copy(update={"wall_s": next(times), "items": 10_000, "peak_rss_mib": 2345.6})
            if sample.role == "candidate"
            else sample
            for sample in cell.samples
        ]
        samples[-1] = samples[-1].model_copy(update={"invalid": "the server was saturated"})
        return cell.model_copy(update={"samples": samples})

    _, rows, _ = table_of(make(lambda spec: spec.scenario == "large_api", edit=given), "large_api")
    assert {row["Time (s)"] for row in rows} == {"3.00"}
    assert {row["Throughput (items/s)"] for row in rows} == {"3,333"}
    assert {row["Memory (MiB)"] for row in rows} == {"2,346"}


def test_a_wrong_delivery_is_struck_through(make: Any) -> None:
    """Every figure of the row is struck, and the reason stands below the table, harmless whatever it says."""

    def wrong(cell: Any) -> Any:
        reason = "3 items are missing: <b>|a`b"
        bad = cell.model_copy(update={"parity": Parity(ok=False, reason=reason)})
        return bad if (cell.arm, cell.concurrency) == ("queue", 10) else cell

    _, rows, below = table_of(make(lambda spec: spec.scenario == "small_files_warm", edit=wrong), "small_files_warm")
    struck = [row for row in rows if row["Strategy"].startswith("~~")]
    assert [(row["Strategy"], row["Concurrency"]) for row in struck] == [("~~queue~~", "~~10~~")]
    assert all(text.startswith("~~") and text.endswith("~~") for text in struck[0].values())
    assert r"3 items are missing: \<b\>\|a\`b" in below


def test_a_defective_baseline_is_told(make: Any) -> None:
    """What is faster than a baseline that delivers something else, is faster than unlike work."""
    _, rows, below = table_of(make(), "large_file")
    assert rows[0]["Strategy"] == "~~stac-manager~~"
    assert "table rows, not STAC Items" in below
    assert "speed-ups compare different work" in below


def test_what_lies_in_the_noise_is_not_told_apart(make: Any) -> None:
    """An interval around 1 is no speed-up; the baseline's own shows the noise."""
    _, rows, _ = table_of(make(), "mixed_files_items")
    assert rows[0]["Speed-up"].startswith("baseline (noise ")
    assert rows[1]["Speed-up"].startswith("not told apart (")


def test_the_best_speed_up_stands_out(make: Any) -> None:
    """Exactly one row is in bold."""
    _, rows, _ = table_of(make(), "large_api")
    assert [row["Concurrency"] for row in rows if row["Speed-up"].startswith("**")] == ["20"]


def test_a_cell_without_valid_pairs_keeps_its_row(make: Any) -> None:
    """It has dashes, and the reason stands below."""

    def invalidated(cell: Any) -> Any:
        if cell.arm != "time_chunks":
            return cell
        samples = [sample.model_copy(update={"invalid": "the server was saturated"}) for sample in cell.samples]
        return cell.model_copy(update={"samples": samples, "speedup": None, "stop_reason": "no_valid_pair"})

    _, rows, below = table_of(make(edit=invalidated), "large_api")
    empty = [row for row in rows if row["Strategy"] == "time chunks"]
    assert len(empty) == 4
    assert all((row["Time (s)"], row["Speed-up"], row["Pairs"]) == (NOTHING, NOTHING, "0") for row in empty)
    assert below.count("too few pairs are valid") == 4


def test_the_limit_of_a_bucket_is_reckoned_from_answered_requests(make: Any) -> None:
    """102 answered requests, less the burst, take a second for each 20 of them; refused ones cost no token."""
    _, rows, _ = table_of(make(), "rate_limited")
    bucket = make().config["scenarios"]["rate_limited"]["server"]["rate"]
    limit = f"{(102 - bucket['burst']) / 20:.2f}"
    assert bucket["per_second"] == 20
    queue = next(row for row in rows if row["Strategy"] == "queue")
    assert (queue["Requests"], queue["429s"], queue["Items lost"], queue["Rate-limit floor (s)"]) == (
        "105",
        "3",
        "0",
        limit,
    )


def test_lost_and_repeated_items_are_told(make: Any) -> None:
    """A page read twice or never is seen, at the page size that it happened at."""

    def faulty(cell: Any) -> Any:
        if cell.arm != "next_early_50":
            return cell
        samples = [sample.model_copy(update={"items": 9_950, "duplicates": 7}) for sample in cell.samples]
        return cell.model_copy(update={"samples": samples})

    _, rows, _ = table_of(make(edit=faulty), "pagination_token")
    told = {row["Strategy"]: row["Exactly once"] for row in rows}
    assert told.pop("next page early, 50 a page") == "50 missing, 7 twice"
    assert set(told.values()) == {"yes"}


def test_the_shares_of_stages_are_of_all_stages(make: Any) -> None:
    """Three quarters of the time in the output are shown as such."""

    def given(cell: Any) -> Any:
        stages = {"ingest": 2.0, "transform": 0.5, "output": 7.5}
        return cell.model_copy(
            update={"samples": [sample.model_copy(update={"stages": stages}) for sample in cell.samples]}
        )

    _, rows, _ = table_of(make(lambda spec: spec.scenario == "mixed_api_items", edit=given), "mixed_api_items")
    assert {(row["Ingest"], row["Transform"], row["Output"]) for row in rows} == {("20%", "5%", "75%")}


def test_pages_are_counted_by_the_page_that_the_server_gives(make_of: Any) -> None:
    """A page larger than the server allows is as large as it allows."""
    arms = {"small": arm(settings={"limit": 50}), "large": arm(settings={"limit": 5000})}
    config = matrix({"api": ("api", 1000)}, mine=scenario("api", arms, server={"max_page": 250}))
    _, rows, _ = table_of(make_of(config)(truth=lambda *found: replace(found[-1], rate=1000.0)), "mine")
    assert [row["Page"] for row in rows] == ["50", "250"]
    assert float(rows[1]["Pages/s"]) == pytest.approx(4, rel=0.1)
