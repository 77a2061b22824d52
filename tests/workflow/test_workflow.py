"""The workflow itself, run as a user runs it: Snakemake in a process of its own, on real files and a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
import yaml

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.history.entries import RUNS, keep
from ingest_bench.history.inputs import read_history
from ingest_bench.receipt.archive import packed, read_receipt
from ingest_bench.receipt.verify import verify
from ingest_bench.results.models import Results
from snakemake_forks import run_snakemake
from stac_ingest import IngestConfig

ROOT = Path(__file__).resolve().parents[2]

MATRIX = matrix(
    {
        "files": ("item_files", 120),
        "parquet": {"kind": "geoparquet", "items": 200, "files": 2},
        "broken": {"kind": "items_directory", "items": 60, "item_kb": 20, "corrupt_share": 0.1},
        "api": ("api", 250),
    },
    results="results",
    sampling={"budget_seconds": 0.2, "tracemalloc_items": 20},
    small=scenario(
        arms={"upstream": arm(fetcher="stac_manager"), "queue": arm(5, settings=QUEUE)},
        title="Small files",
        group="small_files",
        cache="cold",
    ),
    parquet=scenario(
        "parquet",
        {"sequential": arm(), "queue": arm(2, settings=QUEUE)},
        title="GeoParquet",
        group="large_files",
    ),
    broken=scenario("broken", title="Broken files", group="items_directory"),
    api=scenario(
        "api",
        {"sequential": arm(), "time_chunks": arm(5, settings={"worker_strategy": "time_chunks"})},
        title="API",
        group="large_api",
        server={"think_ms": 5, "jitter_ms": 1},
    ),
)


def snakemake(folder: Path, *arguments: str, config: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `folder` on the checkout's Snakefile, with a configuration of its own."""
    if config is not None:
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return run_snakemake(folder, "--snakefile", str(ROOT / "Snakefile"), "--nocolor", *arguments)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the small matrix once, and give its folder."""
    folder = tmp_path_factory.mktemp("run")
    done = snakemake(folder, "--cores", "8", config=MATRIX)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def results(finished: Path) -> Results:
    """Read what that run measured."""
    return Results.model_validate_json((finished / "results/benchmark_results.json").read_bytes())


def test_every_cell_of_the_matrix_is_measured(results: Results) -> None:
    """The results hold exactly the cells of the configuration, each with at least three pairs."""
    expected = {(cell.scenario, cell.arm, cell.concurrency) for cell in cells(load_settings(MATRIX))}
    assert {(cell.scenario, cell.arm, cell.concurrency) for cell in results.cells} == expected
    assert all(cell.speedup is not None and cell.speedup.pairs >= 3 for cell in results.cells)


def test_every_arm_delivers_the_reference_set(results: Results) -> None:
    """Each sample of each arm has the digest of its corpus."""
    assert [(cell.scenario, cell.arm, cell.parity.reason) for cell in results.cells if not cell.parity.ok] == []


def test_exactly_the_broken_files_are_failures(finished: Path, results: Results) -> None:
    """The failures that every sample reports are the broken files that the corpus lists, by name."""
    manifest = json.loads((finished / "results/corpora/broken.manifest.json").read_text())
    (cell,) = [cell for cell in results.cells if cell.scenario == "broken"]
    assert len(manifest["broken"]) == 6
    for sample in cell.samples:
        assert sorted(Path(name).name for name in sample.failed) == sorted(
            Path(name).name for name in manifest["broken"]
        )


def test_nothing_runs_while_a_cell_measures(results: Results) -> None:
    """No two jobs of which one is a measuring job overlap, by the times that each recorded."""
    measuring = [(cell.started_at, cell.ended_at) for cell in results.cells]
    others = [(job["started_at"], job["ended_at"]) for job in results.jobs]
    spans = sorted(measuring)
    assert len(others) == len(MATRIX["corpora"])
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
    assert not [(m, o) for m in measuring for o in others if m[0] < o[1] and o[0] < m[1]]


def test_the_deliverables_are_there(finished: Path, results: Results) -> None:
    """Both reports name every scenario, the table has a row for each sample, and each scenario has a figure."""
    for name in ("benchmark_report.md", "benchmark_report.html"):
        report = (finished / "results" / name).read_text()
        assert all(scenario["title"] in report for scenario in MATRIX["scenarios"].values())
    assert "STAC tools compared" in (finished / "results/comparison.html").read_text()
    table = pd.read_parquet(finished / "results/benchmark_results.parquet")
    assert len(table) == sum(len(cell.samples) for cell in results.cells)
    assert {path.stem for path in (finished / "results/figures").glob("*.svg")} >= set(MATRIX["scenarios"])


def test_what_follows_from_the_results_is_there(finished: Path) -> None:
    """The design document decides for each mode, and the settings have a section for each that `IngestConfig` takes."""
    design = (finished / "results/phase2_design.md").read_text()
    assert all(f"**{mode}**: " in design for mode in ("JSON files", "GeoParquet", "API"))
    found = yaml.safe_load((finished / "results/recommended_ingest.yaml").read_text())
    assert list(found) == ["json_files", "geoparquet", "api"]
    for section in found.values():
        IngestConfig.parse({**section, "source": "anywhere"})
    for link in re.findall(r"\]\((\S+\.svg)\)", design):
        assert (finished / "results" / link).is_file(), link


def test_the_run_is_in_the_history(finished: Path, results: Results) -> None:
    """What was measured has been appended to the history as one file, with a row for each cell."""
    (file,) = (finished / "results" / RUNS).iterdir()
    rows = read_history([file]).rows
    assert {row.cell for row in rows} == {cell.name for cell in results.cells}
    assert keep(results, finished / "results") == file


def test_the_receipt_holds_until_a_digit_is_altered(finished: Path, tmp_path: Path) -> None:
    """Everything follows from the samples of a real run; after one digit of one of them it does no longer."""
    receipt = finished / "results/receipt.zip"
    assert verify(receipt).problems == []
    files, _ = read_receipt(receipt)
    cell = next(name for name in files if name.startswith("cells/small/queue"))
    # The first digit after the point: the last of seventeen can change without another number coming of it.
    altered = re.sub(
        rb'("wall_s": \d+\.)(\d)', lambda match: match[1] + b"%d" % (9 - int(match[2])), files[cell], count=1
    )
    assert altered != files[cell]
    files[cell] = altered
    (tmp_path / "altered.zip").write_bytes(packed(files))
    assert any(".wall_s: " in problem for problem in verify(tmp_path / "altered.zip").problems)


def test_the_results_validate_against_the_published_schema(finished: Path) -> None:
    """`benchmark_results.json` is what `workflow/schemas/results.schema.json` says it is."""
    schema = json.loads((ROOT / "workflow/schemas/results.schema.json").read_text())
    jsonschema.validate(json.loads((finished / "results/benchmark_results.json").read_text()), schema)


def test_snakemake_makes_its_own_report(finished: Path) -> None:
    """`snakemake --report` carries our report and the figures, each with its caption, and needs no network."""
    done = snakemake(finished, "--report", "report.html")
    assert done.returncode == 0, done.stderr
    page = (finished / "report.html").read_text()
    assert "benchmark_report.md" in page
    assert "benchmark_report.html" in page
    assert all(f'"scenario": "{scenario["title"]}"' in page for scenario in MATRIX["scenarios"].values())
    assert all(f"{name}.svg" in page for name in (*MATRIX["scenarios"], "all-scenarios", "all-choices"))
    assert all(f'"scenario": "{overall}"' in page for overall in ("All scenarios", "All choices"))


def test_a_second_run_does_nothing(finished: Path) -> None:
    """With nothing changed, nothing is planned."""
    again = snakemake(finished, "--cores", "8", "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_lost_cell_file_is_measured_again(finished: Path) -> None:
    """Deleting one cell file plans that cell, the aggregation and the report, and no other cell."""
    cell = next(cell for cell in cells(load_settings(MATRIX)) if cell.scenario == "api" and cell.arm == "time_chunks")
    path = finished / "results" / cell.file
    kept = path.read_bytes()
    path.unlink()
    plan = snakemake(finished, "--cores", "8", "--dry-run", "--quiet", "rules").stdout
    path.write_bytes(kept)
    planned = {line.split()[0]: line.split()[1] for line in plan.splitlines() if len(line.split()) == 2}
    assert planned.get("measure_cell") == "1"
    assert planned.get("corpus") is None


def change(path: str, value: Any) -> dict[str, Any]:
    """Return the matrix with one setting (a dotted path) changed."""
    config: dict[str, Any] = json.loads(json.dumps(MATRIX))
    *parents, last = path.split(".")
    place = config
    for key in parents:
        place = place[key]
    place[last] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "scenarios.api.arms.time_chunks.concurency",
            [5],
            ["scenarios.api.arms.time_chunks.concurency", "concurrency"],
        ),
        (
            "scenarios.api.arms.time_chunks.concurrency",
            [0],
            ["scenarios.api.arms.time_chunks.concurrency", "0", "1 to 50"],
        ),
        (
            "scenarios.api.arms.time_chunks.concurrency",
            [51],
            ["scenarios.api.arms.time_chunks.concurrency", "51", "1 to 50"],
        ),
        ("scenarios.api.baseline.arm", "sequentiel", ["scenarios.api.baseline.arm", "sequentiel", "sequential"]),
        ("scenarios.small.arms.queue.fetcher", "rustac", ["scenarios.small.arms.queue.fetcher", "rustac", "aiofiles"]),
        ("corpora.files", {"kind": "item_files", "path": "/no/such/folder"}, ["corpora.files.path", "/no/such/folder"]),
    ],
)
def test_a_bad_setting_stops_before_anything_runs(tmp_path: Path, path: str, value: Any, words: list[str]) -> None:
    """A wrong setting ends the command with one line that names the key and what is allowed, and starts no job."""
    done = snakemake(tmp_path, "--cores", "8", config=change(path, value))
    said = [line for line in (done.stdout + done.stderr).splitlines() if "config.yaml" in line and words[0] in line]
    assert done.returncode != 0
    assert len(said) == 1, done.stderr
    assert all(word in said[0] for word in words), said
    assert "Traceback" not in done.stdout + done.stderr
    assert ".smk" not in done.stdout + done.stderr
    assert not (tmp_path / "results").exists()


def test_the_project_lints_clean() -> None:
    """Snakemake's own lint has nothing to say about the shipped workflow."""
    done = run_snakemake(ROOT, "--lint", environment=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_shipped_matrices_are_valid() -> None:
    """`config.yaml` and `workflow/quick.yaml` are read without complaint, and show the same groups of scenarios."""
    full, quick = load_settings(ROOT / "config.yaml"), load_settings(ROOT / "workflow/quick.yaml")
    assert len(cells(full)) > 2 * len(cells(quick))
    assert {cell.group for cell in cells(quick)} == {cell.group for cell in cells(full)}


def test_the_schemas_are_in_step(tmp_path: Path) -> None:
    """The JSON schemas in `workflow/schemas` are what the models generate today."""
    subprocess.run([sys.executable, "-m", "ingest_bench", "schemas", str(tmp_path)], check=True, timeout=60)
    shipped = ROOT / "workflow/schemas"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in shipped.iterdir()}
    assert all((tmp_path / path.name).read_bytes() == path.read_bytes() for path in shipped.iterdir())
