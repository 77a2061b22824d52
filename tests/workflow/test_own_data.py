"""The user's own files and the user's own API, in place of generated corpora."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.config.models import Corpus
from ingest_bench.config.server import Server
from ingest_bench.corpora.builder import build
from ingest_bench.results.models import Results
from ingest_bench.simulator.process import SimulatorProcess
from snakemake_forks import run_snakemake

ROOT = Path(__file__).resolve().parents[2]
ITEMS = 120


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of files as a user might have it, one of them broken."""
    folder = tmp_path_factory.mktemp("own") / "items"
    build("own", Corpus(kind="item_files", items=ITEMS), 3, folder, folder.with_suffix(".json"), 1)
    (folder / "broken.json").write_text("{")
    return folder


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Serve items as a user's API, and give its root and its collection."""
    folder = tmp_path_factory.mktemp("own") / "api"
    build("own", Corpus(kind="api", items=ITEMS), 3, folder, folder.with_suffix(".json"), 1)
    with SimulatorProcess(folder, Server(), 3) as server:
        yield server.url, orjson.loads((folder / "collection.json").read_bytes())["id"]


def run(folder: Path, config: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "config.yaml").write_text(yaml.safe_dump({"results": "results", **config}))
    return run_snakemake(folder, "--snakefile", str(ROOT / "Snakefile"), "--cores", "2", *arguments)


def own(corpus: dict[str, Any], **more: Any) -> dict[str, Any]:
    pages = {"limit": 50} if "url" in corpus else {}
    arms = {"sequential": arm(), "queue": arm(3, settings={**QUEUE, **pages})}
    sampling = {"budget_seconds": 0.2, "tracemalloc_items": 0}
    return matrix({"mine": corpus}, sampling=sampling, own=scenario("mine", arms, title="My own"), **more)


@pytest.mark.slow
def test_own_files_are_measured_and_never_written_to(tmp_path: Path, items: Path) -> None:
    """A folder of the user's is read once for its reference, measured, reported, and left as it was."""
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in items.iterdir()}
    done = run(tmp_path, own({"kind": "item_files", "path": str(items)}))
    assert done.returncode == 0, done.stderr[-3000:]
    results = Results.model_validate_json((tmp_path / "results/benchmark_results.json").read_bytes())
    assert {cell.arm: cell.parity.ok for cell in results.cells} == {"sequential": True, "queue": True}
    assert {sample.items for cell in results.cells for sample in cell.samples} == {ITEMS}
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in items.iterdir()} == before
    assert "My own" in (tmp_path / "results/benchmark_report.md").read_text()


@pytest.mark.slow
def test_an_own_file_that_changes_is_noticed(tmp_path: Path, items: Path) -> None:
    """When the user's files no longer are what was read at first, they are read again before the arms are compared."""
    folder = tmp_path / "items"
    folder.mkdir()
    for path in items.glob("S2*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    config = own({"kind": "item_files", "path": str(folder)})
    assert run(tmp_path, config, "results/corpora/mine.manifest.json").returncode == 0
    next(folder.iterdir()).unlink()
    assert run(tmp_path, config).returncode == 0
    cells = [json.loads(path.read_bytes()) for path in (tmp_path / "results/cells/own").glob("*.json")]
    assert {cell["parity"]["ok"] for cell in cells} == {True}
    assert {sample["items"] for cell in cells for sample in cell["samples"]} == {ITEMS - 1}


@pytest.mark.slow
def test_an_own_api_is_measured_within_its_budget(tmp_path: Path, api: tuple[str, str]) -> None:
    """An API that the user names and allows is asked for no more than the budget, and delivers the same to all."""
    url, collection = api
    remote = {"allow": True, "max_requests": 40, "requests_per_second": 50, "max_in_flight": 2}
    done = run(tmp_path, own({"kind": "api", "url": url, "collection": collection}, remote=remote))
    assert done.returncode == 0, done.stderr[-3000:]
    results = Results.model_validate_json((tmp_path / "results/benchmark_results.json").read_bytes())
    assert all(cell.parity.ok for cell in results.cells)
    assert {sample.items for cell in results.cells for sample in cell.samples} == {ITEMS}
    assert max(sample.requests or 0 for cell in results.cells for sample in cell.samples) <= 40


@pytest.mark.slow
def test_an_api_that_is_not_allowed_is_never_asked(tmp_path: Path, api: tuple[str, str]) -> None:
    """Without the opt-in, a matrix that names an API stops before anything runs and says what to set."""
    done = run(tmp_path, own({"kind": "api", "url": api[0], "collection": api[1]}))
    assert done.returncode != 0
    assert "remote.allow" in done.stdout + done.stderr
    assert not (tmp_path / "results").exists()
