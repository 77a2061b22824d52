"""`snakemake measure`, as a user types it: an API with a budget of requests, and what is wrong."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ingest_bench.config.models import Corpus
from ingest_bench.config.server import Server
from ingest_bench.corpora.builder import build
from ingest_bench.results.models import Results
from ingest_bench.simulator.process import SimulatorProcess
from snakemake_forks import run_snakemake
from stac_ingest.config import IngestConfig

ROOT = Path(__file__).resolve().parents[2]
COLLECTION, BUDGET, TOKEN = "sentinel-2-l2a", 240, "a-token-that-opens-nothing"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Serve items as a user's API."""
    folder = tmp_path_factory.mktemp("measured") / "api"
    build("own", Corpus(kind="api", items=1500), 3, folder, folder.with_suffix(".json"), 1)
    with SimulatorProcess(folder, Server(), 3) as server:
        yield server


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow in a folder without a matrix."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / ".cache"), "STAC_INGEST_TOKEN": TOKEN}
    command = ("--snakefile", str(ROOT / "Snakefile"), "--cores", "2", *arguments)
    return run_snakemake(folder, *command, environment=environment)


@pytest.mark.slow
def test_an_api_is_measured_within_its_requests(tmp_path: Path, api: SimulatorProcess) -> None:
    """The server sees no more requests than were allowed, all of which are counted; no file repeats the token."""
    api.reset()
    asked = (f"source={api.url}", f"collection={COLLECTION}", "as_remote=true", f"requests={BUDGET}")
    limits = ("requests_per_second=50", "budget_minutes=0.1")
    done = snakemake(tmp_path, "measure", "--config", *asked, *limits)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert f"{BUDGET} requests at most" in said
    folder = tmp_path / "results" / "measure"
    results = Results.model_validate_json((folder / "benchmark_results.json").read_bytes())
    sent = sum(sample.requests or 0 for cell in results.cells for sample in cell.samples)
    looked = results.config["whole"]["requests"]
    assert sent + looked == api.stats().requests <= BUDGET
    assert all(cell.parity.ok and cell.samples for cell in results.cells)
    assert "Your source" in (folder / "benchmark_report.md").read_text()
    assert not [path for path in folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    for section in (yaml.safe_load((folder / "recommended_ingest.yaml").read_text()) or {}).values():
        IngestConfig.parse({**section, "source": api.url})


@pytest.mark.slow
def test_a_source_without_a_target_runs_nothing(tmp_path: Path) -> None:
    """Naming a source and an output, and no target, says which command was meant, with the matrix there or not."""
    (tmp_path / "items").mkdir()
    (tmp_path / "items" / "a.json").write_text("{}")
    for _ in range(2):
        done = snakemake(tmp_path, "--config", "source=items", "output=out")
        assert done.returncode == 1
        assert "snakemake ingest --config source=items output=out" in done.stderr
        (tmp_path / "config.yaml").write_text((ROOT / "config.yaml").read_text())
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_source_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The error is one line that says what to do, without a traceback or the workflow's own files."""
    done = snakemake(tmp_path, "measure", "--config", "source=nowhere")
    assert done.returncode == 1
    assert "source: nowhere does not exist; give the path" in done.stderr
    assert "Traceback" not in done.stderr
    assert ".smk" not in done.stderr
