"""Whole cells, measured as a user does it: a configuration, corpora, the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.measure import measure
from ingest_bench.results.models import Cell
from ingest_bench.workflow.identity import cell_identity, fingerprint

CONFIG = matrix(
    {
        "files": ("item_files", 120),
        "more_files": ("item_files", 240),
        "folder": {"kind": "items_directory", "items": 60, "corrupt_share": 0.1},
        "parquet": {"kind": "geoparquet", "items": 60, "files": 2},
        "api": ("api", 250),
    },
    sampling={"budget_seconds": 0.01, "tracemalloc_items": 20},
    small=scenario(
        arms={"upstream": arm(fetcher="stac_manager"), "queue": arm(5, settings=QUEUE, label="Queue")}, cache="cold"
    ),
    broken=scenario("folder"),
    one_file=scenario(
        "parquet",
        {"upstream": arm(fetcher="stac_manager", known_defect="rows, not items"), "sequential": arm()},
        group="parquet",
        file="part-00001.parquet",
    ),
    growth=scenario("more_files", baseline={"arm": "sequential", "corpus": "files"}),
    mixed=scenario(
        arms={
            "sequential": arm(),
            "no_output": arm(skip="output"),
            "no_consumer": arm(skip="consumer"),
        },
        pipeline={"output": "ndjson"},
    ),
    api=scenario(
        "api",
        {
            "client": arm(fetcher="pystac_client"),
            "chunks": arm(4, settings={"worker_strategy": "time_chunks"}),
            "auto": arm(3, fetcher="adaptive"),
        },
        title="API",
        server={"think_ms": 10},
    ),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the configuration, also without its traces, its corpora, and a host lock of its own."""
    folder = tmp_path_factory.mktemp("bench")
    config = {**CONFIG, "results": str(folder / "results")}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    untraced = {**config, "sampling": {**CONFIG["sampling"], "tracemalloc_items": 0}}
    (folder / "untraced.yaml").write_text(yaml.safe_dump(untraced))
    for name in CONFIG["corpora"]:
        assert command(folder, "corpus", "--config", "config.yaml", "--name", name).returncode == 0
    return folder


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ingest_bench` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "ingest_bench", *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def cell(
    folder: Path, scenario: str, arm: str, concurrency: int = 1, *options: str, config: str = "untraced.yaml"
) -> Cell:
    """Measure one cell by command and return it."""
    done = command(
        folder,
        *("measure", "--config", config, "--scenario", scenario, "--arm", arm),
        *("--concurrency", str(concurrency), *options),
    )
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.splitlines()[-1])
    assert path == folder / f"results/cells/{scenario}/{arm}-{concurrency}.json"
    assert [found.name for found in path.parent.iterdir() if found.name.startswith(".")] == []
    return Cell.model_validate_json(path.read_bytes())


def test_a_cell_of_files(place: Path) -> None:
    """A cell has its pairs, speed-up, parity, trace, machine, identity and attempt."""
    found = cell(place, "small", "queue", 5, "--attempt", "2", config="config.yaml")
    settings = load_settings(place / "config.yaml")
    assert found.identity == fingerprint(cell_identity(settings, find_cell(settings, "small", "queue", 5)))
    assert (found.label, found.cache, found.is_null_cell, found.attempt) == ("Queue", "cold", False, 2)
    assert {(sample.pair, sample.role) for sample in found.samples} == {
        (pair, role) for pair in range(3) for role in ("baseline", "candidate")
    }
    assert found.speedup
    assert found.speedup.pairs == 3
    assert found.stop_reason == "time_limit"
    assert found.parity.ok
    assert found.baseline_parity.ok
    assert (found.trace.items, found.trace.skipped) == (20, None)
    assert found.started_at < found.samples[0].started_at < found.ended_at
    assert (found.settings["fetcher"], found.baseline["fetcher"]) == ("ingest", "stac_manager")


def test_broken_files_are_the_failures(place: Path) -> None:
    """Parity in a directory with broken files means that exactly these are reported, by both sides."""
    found = cell(place, "broken", "sequential")
    manifest = json.loads((place / "results/corpora/folder.manifest.json").read_text())
    assert found.is_null_cell
    assert found.parity.ok
    assert found.baseline_parity.ok
    for sample in found.samples:
        assert {Path(origin).name for origin in sample.failed} == {Path(name).name for name in manifest["broken"]}


@pytest.mark.slow
def test_a_known_defect_fails_parity_and_has_a_ratio(place: Path) -> None:
    """Table rows instead of items fail the baseline's parity with that reason; the pairs still give a ratio."""
    found = cell(place, "one_file", "sequential")
    assert found.parity.ok
    assert not found.baseline_parity.ok
    assert (found.baseline_parity.reason or "").startswith("rows, not items: ")
    assert found.speedup
    assert {sample.items for sample in found.samples} == {30}


@pytest.mark.slow
def test_growth_compares_items_a_second(place: Path) -> None:
    """A baseline on another corpus has that corpus's reference, and the ratio is of items a second."""
    found = cell(place, "growth", "sequential")
    assert found.parity.ok
    assert found.baseline_parity.ok
    assert {(sample.role, sample.items) for sample in found.samples} == {("baseline", 120), ("candidate", 240)}
    assert found.speedup
    assert 0.1 < found.speedup.median < 10


@pytest.mark.slow
def test_a_mixed_workload_cleans_up(place: Path) -> None:
    """What the stages wrote was right, their seconds are kept, and nothing of it stays behind."""
    found = cell(place, "mixed", "sequential")
    assert found.parity.ok
    assert all(sample.stages.keys() == {"ingest", "transform", "output"} for sample in found.samples)
    assert not (place / "results/scratch").exists()


def test_a_cell_of_an_api(place: Path) -> None:
    """Each sample has what the server saw; client and server agree on the number of requests, and all is valid."""
    found = cell(place, "api", "chunks", 4)
    assert found.parity.ok, found.parity.reason
    assert found.baseline_parity.ok, found.baseline_parity.reason
    assert found.speedup
    for sample in found.samples:
        assert sample.server
        assert sample.requests == sample.server.requests
        assert sample.server.think_ms_asked == 10


@pytest.mark.slow
@pytest.mark.parametrize(("arm", "stages"), [("no_output", {"ingest", "transform", "output"}), ("no_consumer", set())])
def test_stages_behind_the_ingest_can_be_left_out(place: Path, arm: str, stages: set[str]) -> None:
    """Without its output, or without all that is behind the ingest, a side is still judged by what it would deliver."""
    found = cell(place, "mixed", arm)
    assert found.parity.ok, found.parity.reason
    assert found.baseline_parity.ok, found.baseline_parity.reason
    mine = [sample for sample in found.samples if sample.role == "candidate"]
    assert all(set(sample.stages) == stages and sample.items == 120 for sample in mine)


@pytest.mark.slow
def test_a_cell_that_finds_its_level(place: Path) -> None:
    """The level of an arm that finds its own is the most it has in flight, and its samples say what it found."""
    found = cell(place, "api", "auto", 3)
    assert found.parity.ok, found.parity.reason
    mine = [sample for sample in found.samples if sample.role == "candidate"]
    assert all(sample.server and sample.server.in_flight_peak <= 3 for sample in mine)
    assert all(any("concurrency auto" in note for note in sample.notes) for sample in mine)


@pytest.mark.slow
def test_a_wrong_delivery_has_no_parity(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a corpus is not what its manifest says, every arm's cell says so."""
    monkeypatch.setenv("TMPDIR", str(place))
    path = place / "results/corpora/files.manifest.json"
    kept = path.read_text()
    changed = json.loads(kept)
    changed["reference"]["count"] += 1
    path.write_text(json.dumps(changed))
    try:
        found = cell(place, "small", "queue", 5)
    finally:
        path.write_text(kept)
    assert found.parity.reason == "1 item missing (in 3 of 3 samples, first in pair 0)"
    assert found.speedup


@pytest.mark.parametrize("content", [None, "{}"], ids=["missing", "damaged"])
def test_a_corpus_that_is_not_there_is_named(tmp_path: Path, content: str | None) -> None:
    """Without a corpus a cell ends with one line that says which, and leaves no file."""
    settings = load_settings({**CONFIG, "results": str(tmp_path)})
    if content is not None:
        (tmp_path / "corpora").mkdir()
        (tmp_path / "corpora/files.manifest.json").write_text(content)
    with pytest.raises(MeasurementError, match=r"files\.manifest\.json is (missing|damaged)"):
        measure(settings, find_cell(settings, "small", "queue", 5))


def test_a_terminated_driver_leaves_nothing(place: Path) -> None:
    """SIGTERM in the middle of a mixed cell ends its sample and removes what it wrote; there is no cell file."""
    slow = {**CONFIG, "results": str(place / "results"), "sampling": {"pairs": {"min": 1000, "max": 1000}}}
    (place / "slow.yaml").write_text(yaml.safe_dump(slow))
    output = place / "never.json"
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "ingest_bench", "measure", "--config", "slow.yaml", "--scenario", "mixed"),
            *("--arm", "sequential", "--concurrency", "1", "--output", str(output)),
        ],
        cwd=place,
        env={**os.environ, "TMPDIR": str(place)},
        stderr=subprocess.DEVNULL,
    ) as driver:
        watched = psutil.Process(driver.pid)
        children: list[psutil.Process] = []
        for _ in range(1000):
            children = watched.children(recursive=True)
            if children and (place / "results/scratch").exists():
                break
            time.sleep(0.01)
        driver.send_signal(signal.SIGTERM)
    assert children
    assert driver.returncode == 128 + signal.SIGTERM
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert not (place / "results/scratch").exists()
    assert not output.exists()
