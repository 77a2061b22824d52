"""The design document and the settings, from results whose truth is known: they say what the data say."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import UndefinedError

import ingest_bench.report.design
import ingest_bench.report.model.certainty
import ingest_bench.report.text.recommendation
from factories import arm, matrix, scenario
from ingest_bench.__main__ import main
from ingest_bench.errors import AggregationError
from ingest_bench.report.design import write_advice_files
from ingest_bench.report.design.document import advise_folder
from ingest_bench.report.design.render import design_document, environment, recommended_settings
from ingest_bench.report.model.study import ReportData
from ingest_bench.results.models import Parity, Results
from stac_ingest import IngestConfig
from stac_ingest.cli.config_file import settings_from


def ways(*strategies: str) -> dict[str, Any]:
    """Return arms: one at a time, and each of these strategies at three levels."""
    return {"sequential": arm(), **{name: arm(5, 10, 20, settings={"worker_strategy": name}) for name in strategies}}


DRIVEN = matrix(
    {
        "files": ("item_files", 10_000),
        "api": ("api", 10_000),
        "parquet": {"kind": "geoparquet", "items": 10_000, "files": 5, "item_kb": 20},
    },
    files=scenario("files", ways("semaphore", "queue"), title="Some files"),
    api=scenario("api", ways("semaphore", "queue", "time_chunks"), title="Some api", server={"think_ms": 50}),
    parquet=scenario("parquet", ways("semaphore", "queue"), title="Some parquet"),
)
Rates = Callable[[str, str, int], float]


@pytest.fixture
def world(make_of: Any) -> Callable[..., Results]:
    """Give a maker of results in which every way has the speed that a function of corpus, arm and level says."""

    def made(rates: Rates, noise: float = 0.01, edit: Any = lambda cell: cell) -> Results:
        maker = make_of(DRIVEN)
        maker.noise = noise
        return maker(
            truth=lambda spec, arm, level, found: replace(found, rate=1_000 * rates(spec.scenario, arm, level)),
            edit=edit,
        )

    return made


def semaphore_wins(scenario: str, arm: str, level: int) -> float:
    """Give a truth in which a semaphore at ten is the best by far, everywhere."""
    return {"sequential": 1.0, "semaphore": 4.0 if level == 10 else 2.5}.get(arm, 2.0)


def alone_wins(scenario: str, arm: str, level: int) -> float:
    """Give a truth in which nothing is as fast as one at a time."""
    return 1.0 if arm == "sequential" else 0.8


def chunks_win(scenario: str, arm: str, level: int) -> float:
    """Give a truth in which time chunks win for an API, and a pool of five for GeoParquet."""
    if arm == "time_chunks":
        return float(level)
    return 3.0 if (scenario, arm, level) == ("parquet", "queue", 5) else 1.0


def settings_of(results: Results) -> dict[str, Any]:
    """Give the recommended settings as a YAML parser sees them."""
    found: dict[str, Any] = yaml.safe_load(recommended_settings(ReportData.from_results(results)))
    return found


def render_design(results: Results) -> str:
    """Give the design document of results."""
    return design_document(ReportData.from_results(results))


def flat(text: str) -> str:
    """Undo the wrapping of lines."""
    return " ".join(text.split())


def test_where_a_semaphore_wins_it_says_semaphore(world: Any) -> None:
    """Option 1 is decided on in every mode, and the settings hold it."""
    results = world(semaphore_wins)
    text = flat(render_design(results))
    assert "**Build Option 1, a semaphore, for JSON files, GeoParquet and API. Decided in every mode" in text
    assert "source --units--> a semaphore" in text
    for section in settings_of(results).values():
        assert (section["concurrency"], section["worker_strategy"]) == (10, "semaphore")


def test_where_one_at_a_time_wins_it_says_use_1(world: Any) -> None:
    """None of the options is built, and no section asks for workers."""
    results = world(alone_wins)
    text = flat(render_design(results))
    assert (
        "**Build none of the three options: use a concurrency of 1 for JSON files, GeoParquet and API. Decided in"
        in text
    )
    assert "Architecture of the ingest" in text
    assert "opt in" not in text
    assert settings_of(results)["json_files"] == {"mode": "file", "concurrency": 1}


def test_where_the_modes_differ_each_gets_its_own(world: Any) -> None:
    """Time chunks for an API, a pool for GeoParquet, nothing for JSON files: in the document and in the settings."""
    results = world(chunks_win)
    text = flat(render_design(results))
    assert (
        "**Build Option 2, a worker pool with a queue, for GeoParquet; Option 3, time chunks for a worker pool, for "
        "API; use a concurrency of 1 for JSON files." in text
    )
    found = settings_of(results)
    assert found["api"] == {"mode": "api", "concurrency": 20, "worker_strategy": "time_chunks", "limit": 100}
    assert found["geoparquet"] == {"mode": "file", "concurrency": 5, "worker_strategy": "queue"}
    assert found["json_files"] == {"mode": "file", "concurrency": 1}


def test_where_it_is_undecided_it_says_so_and_counts_the_pairs(world: Any) -> None:
    """With noise larger than the differences the choice is provisional, with the missing pairs and a risk."""
    results = world(lambda scenario, arm, level: 1.0 if arm == "sequential" else 1.15, noise=0.3)
    modes = ReportData.from_results(results).modes
    undecided = {mode: advice for mode, advice in modes.items() if advice.verdict.status == "undecided"}
    assert undecided
    text = flat(render_design(results))
    assert "Undecided, so provisional, for" in text
    for advice in undecided.values():
        assert f"about {advice.verdict.more_pairs} more pairs of each" in text
    assert "is wrong" in text
    lines = recommended_settings(ReportData.from_results(results)).splitlines()
    comments = " ".join(line.strip("# ") for line in lines if "#" in line)
    assert "Undecided against" in comments


def test_what_delivers_other_items_is_never_chosen(world: Any) -> None:
    """The fastest way, with a wrong digest, is named among what was not chosen from, and the next best is chosen."""

    def spoiled(cell: Any) -> Any:
        if cell.arm != "semaphore" or cell.concurrency != 10:
            return cell
        return cell.model_copy(update={"parity": Parity(ok=False, reason="content differs")})

    results = world(semaphore_wins, edit=spoiled)
    assert settings_of(results)["json_files"]["concurrency"] == 5
    text = flat(render_design(results))
    assert "Not chosen from: semaphore at 10 in *Some files* (content differs)" in text


def test_invalid_cells_are_never_chosen(world: Any) -> None:
    """The fastest way, without valid pairs, is not chosen."""

    def invalidated(cell: Any) -> Any:
        if cell.arm != "semaphore" or cell.concurrency != 10:
            return cell
        samples = [sample.model_copy(update={"invalid": "the server was saturated"}) for sample in cell.samples]
        return cell.model_copy(update={"samples": samples, "speedup": None})

    results = world(semaphore_wins, edit=invalidated)
    assert {section["concurrency"] for section in settings_of(results).values()} == {5}
    assert "(no valid pair)" in flat(render_design(results))


def test_no_prose_brings_a_number_of_its_own() -> None:
    """No digit stands in the template but in its title, nor in a string of the modules that write sentences for it."""
    folder = Path(ingest_bench.report.design.__file__).parent
    template = (folder / "phase2_design.md.j2").read_text(encoding="utf-8")
    assert re.findall(r"^.*\d.*$", template, re.MULTILINE) == ["# Phase 2: concurrent ingestion"]
    words = (ingest_bench.report.model.certainty, ingest_bench.report.text.recommendation)
    files = [*folder.glob("*.py"), *(Path(str(module.__file__)) for module in words)]
    written = [text for path in files for text in _strings(path)]
    typed = {text for text in written if re.search(r"\d", text)}
    assert typed == {"phase2_design.md", "phase2_design.md.j2", "recommended_ingest.yaml.j2"}


def test_what_the_template_names_is_there() -> None:
    """A name that the data lack, or that is misspelt in the template, is an error, and never an empty place."""
    with pytest.raises(UndefinedError, match="'study' is undefined"):
        environment().get_template("recommended_ingest.yaml.j2").render()


def test_figures_follow_the_data(world: Any) -> None:
    """When the same ways turn out faster, the figures of the decision change with them."""
    slow = render_design(world(semaphore_wins))
    fast = render_design(
        world(lambda scenario, arm, level: semaphore_wins(scenario, arm, level) ** 2)  # a gain of 16 in place of 4
    )
    assert re.search(r"use \*\*semaphore at 10\*\* \(`[^`]*`\): (3\.9|4\.0|4\.1)x", flat(slow), re.IGNORECASE)
    assert re.search(r"use \*\*semaphore at 10\*\* \(`[^`]*`\): 1[56]\.\dx", flat(fast), re.IGNORECASE)


def test_the_whole_matrix_has_a_whole_document(make: Any) -> None:
    """Every section that a design document needs is there, without gaps in what was measured."""
    text = render_design(make())
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Problem",
        "Evidence",
        "Options weighed",
        "Decision",
        "Architecture of the worker pool",
        "Configuration schema",
        "Failures and checkpoints",
        "Test plan",
        "Migration",
        "Risks",
    ]
    assert "nan" not in re.split(r"\W+", text)
    assert "None" not in text
    assert max(len(line) for line in text.split("\n") if not line.startswith(("|", "!", "#", "source"))) <= 120


@pytest.mark.parametrize(
    "name",
    ["small_files_cold", "large_file", "small_api", "pagination_page", "large_collection_api", "mixed_api_items"],
)
def test_a_part_of_the_matrix_is_enough(make: Any, name: str) -> None:
    """A document of one scenario is whole, and says which modes it can't decide."""
    text = flat(render_design(make(lambda spec: spec.scenario == name)))
    assert "Not measured, so not decided:" in text
    assert "## Risks" in text


def test_nothing_usable_is_an_answer(make: Any) -> None:
    """Where every sample is invalid the document says that nothing can be decided, and no settings are given."""

    def invalidated(cell: Any) -> Any:
        samples = [sample.model_copy(update={"invalid": "no items were delivered"}) for sample in cell.samples]
        return cell.model_copy(update={"samples": samples, "speedup": None})

    results = make(lambda spec: spec.scenario in ("large_api", "small_files_warm"), edit=invalidated)
    assert "Nothing can be decided" in flat(render_design(results))
    assert settings_of(results) is None


def test_only_what_can_be_set_is_recommended(make: Any) -> None:
    """Where only ways of others were measured there is no choice to make, and no settings are given."""
    results = make(lambda spec: spec.arm == "process_pool" or (spec.scenario, spec.arm) == ("large_api", "queue"))
    assert list(settings_of(results)) == ["api"]
    assert "Not measured, so not decided: JSON files" in flat(render_design(results))


def test_settings_are_what_the_command_takes(make: Any, tmp_path: Path) -> None:
    """Each section, found by its source, makes an `IngestConfig`."""
    path = tmp_path / "recommended_ingest.yaml"
    path.write_text(recommended_settings(ReportData.from_results(make())))
    for source, mode in (("http://127.0.0.1/", "api"), ("items.parquet", "file"), (str(tmp_path), "file")):
        config = IngestConfig.parse({**settings_from(path, source), "source": source})
        assert config.mode == mode


def test_foreign_words_stay_words(make: Any) -> None:
    """Labels and titles of strangers can end neither a comment of the settings nor a line of the document."""
    evil = "x: 1\n  concurrency: 50 # `<script>` | **"

    def named(cell: Any) -> Any:
        return cell.model_copy(update={"label": evil})

    results = make(lambda spec: spec.scenario in ("large_api", "pagination_page"), edit=named)
    for block in results.config["scenarios"].values():
        block["title"] = evil
    assert settings_of(results)["api"]["concurrency"] == 20
    text = render_design(results)
    assert "<script>" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    widths = [
        {len(re.findall(r"(?<!\\)\|", row)) for row in block.split("\n")}
        for block in text.strip().split("\n\n")
        if block.startswith("|")
    ]
    assert len(widths) >= 5
    assert all(len(each) == 1 for each in widths), "untrusted text has split a field of a table"


def test_files_are_written_and_the_same_each_time(make: Any, tmp_path: Path) -> None:
    """The document points to curves that are there and to the report's figures; again gives the same bytes."""
    (tmp_path / "benchmark_results.json").write_text(
        make(lambda spec: spec.scenario in ("small_files_warm", "large_files")).model_dump_json()
    )

    def write(folder: Path) -> dict[str, bytes]:
        write_advice_files(
            results=tmp_path / "benchmark_results.json",
            design=folder / "phase2_design.md",
            recommended=folder / "recommended_ingest.yaml",
            curves=folder / "scaling",
            figures=folder / "figures",
        )
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}

    first, second = write(tmp_path / "one"), write(tmp_path / "two")
    assert first == second
    links = re.findall(r"\((\w+/\w+\.svg)\)", first["phase2_design.md"].decode())
    assert {link for link in links if link.startswith("scaling/")} == {name for name in first if name.endswith(".svg")}
    assert "figures/large_files.svg" in links


def test_the_folder_of_a_run_is_all_the_command_needs(make: Any, tmp_path: Path) -> None:
    """It says what to do, and writes both files beside the results; without usable results it says why."""
    with pytest.raises(AggregationError, match=r"benchmark_results\.json: not there; run the workflow first"):
        advise_folder(tmp_path)
    results = tmp_path / "benchmark_results.json"
    results.write_text('{"cells": 1}')
    with pytest.raises(AggregationError, match="damaged or of another version"):
        advise_folder(tmp_path)
    results.write_text(make(lambda spec: spec.scenario == "large_files").model_dump_json())
    told = advise_folder(tmp_path)
    assert "GeoParquet" in told[0]
    assert (tmp_path / "phase2_design.md").is_file()
    assert (tmp_path / "recommended_ingest.yaml").is_file()


def test_the_command_ends_with_a_code_that_means_something(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`recommend` gives 1 and one line where there are no results, and 0 with what to do where there are."""
    assert main(["recommend", "--results", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    results = make(lambda spec: spec.scenario == "small_api")
    (tmp_path / "benchmark_results.json").write_text(results.model_dump_json())
    assert main(["recommend", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "recommended_ingest.yaml")


def _strings(path: Path) -> list[str]:
    """List the strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone
    ]
