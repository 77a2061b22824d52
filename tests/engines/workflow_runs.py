"""Runs of the workflow on an engine, and what they leave."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq
import yaml
from engine_kinds import Engine

from factories import arm, matrix, scenario
from ingest_bench.results.models import Cell, Results
from stac_ingest.sharding.manifest import CollectionReport, ShardReport

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"))
PATIENCE_S = 600


BRIEF = {"pairs": {"min": 3, "max": 3}, "budget_seconds": 0.001, "tracemalloc_items": 0}
CONFIG = matrix(
    {"files": ("item_files", 30)},
    files=scenario(arms={"first": arm(), "second": arm()}),
    sampling=BRIEF,
)
"""Two cells of the same: neither is so far behind that it gets pairs in a round of its own."""
CELLS = ("results/cells/files/first-1.json", "results/cells/files/second-1.json")


class Span(Protocol):
    """Something that took its time."""

    started_at: float
    ended_at: float


def start(engine: Engine, folder: Path, config: dict[str, Any], *arguments: str) -> subprocess.Popen[str]:
    """Start the workflow with the profile of an engine."""
    if config:
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
    profile = ["--workflow-profile", str(ROOT / "workflow/profiles" / engine.name), "--nocolor"]
    # Ctrl-C is for it even where these tests run in the background, and don't heed it themselves.
    heeding = ["env", "--default-signal=INT"]
    return subprocess.Popen(
        [*heeding, *SNAKEMAKE, *profile, "--seconds-between-status-checks", "1", *arguments],
        cwd=folder,
        env={**engine.environment, "XDG_CACHE_HOME": str(folder / ".cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def build_corpora(folder: Path) -> None:
    """Make the corpora of `CONFIG` without an engine."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    made = subprocess.run([*SNAKEMAKE, "--cores", "2", "results/corpora/files.manifest.json"], cwd=folder, check=False)
    assert made.returncode == 0


def finish(run: subprocess.Popen[str]) -> str:
    """Wait for a run's good end and return what it said."""
    said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, said[-4000:]
    return said


def read(folder: Path) -> Results:
    """Read what was measured."""
    return Results.model_validate_json((folder / "results/benchmark_results.json").read_bytes())


def until_running(engine: Engine, rule: str, run: subprocess.Popen[str], but: Sequence[str] = ()) -> tuple[str, str]:
    """Wait for a job of a rule, other than some, to run; return its number and its node."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for job, node in engine.running(rule).items():
            if job not in but:
                return job, node
        assert run.poll() is None, run.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.2)


def until_gone(engine: Engine, rule: str) -> None:
    """Wait until no job of a rule runs any more."""
    deadline = time.monotonic() + PATIENCE_S
    while running := engine.running(rule):
        assert time.monotonic() < deadline, running
        time.sleep(0.2)


def beside(one: Span, other: Span) -> bool:
    """Say whether two cells were measured, or two shards ingested, at the same time."""
    return one.started_at < other.ended_at and other.started_at < one.ended_at


def measurements(folder: Path, *parts: str) -> list[Cell]:
    """Read what each measuring job has written: of the first pass (cells) and of all rounds (pairs)."""
    files = [
        path for part in parts or ("cells", "pairs") for path in sorted((folder / "results" / part).rglob("*.json"))
    ]
    return [Cell.model_validate_json(path.read_bytes()) for path in files]


def measured_alone(folder: Path) -> bool:
    """Say whether no other job was on the host of a measuring job while it measured."""
    found = measurements(folder)
    jobs = [json.loads(path.read_bytes()) for path in (folder / "results/corpora").glob("*.job.json")]
    return not any(
        one.environment.host == other.environment.host and beside(one, other) for one, other in combinations(found, 2)
    ) and not any(
        job["host"] == cell.environment.host and job["started_at"] < cell.ended_at and cell.started_at < job["ended_at"]
        for cell in found
        for job in jobs
    )


def ingest(engine: Engine, folder: Path, items: Path, count: int, *arguments: str) -> list[ShardReport]:
    """Ingest a folder of items in two shards; see that all came once, and return who did it when."""
    folder.mkdir()
    said = finish(
        start(engine, folder, {}, "ingest", *arguments, "--config", f"source={items}", "output=out", "shards=2")
    )
    assert ("Submitted array job" in said) == ("--slurm-array-jobs" in arguments)
    whole = CollectionReport.model_validate_json((folder / "out/certificate.json").read_bytes())
    assert (whole.verdict, whole.items, whole.duplicates) == ("complete", count, 0)
    parts = sorted((folder / "out/items").iterdir())
    ids = [found for part in parts for found in pq.read_table(part, columns=["id"])["id"].to_pylist()]
    assert (len(parts), len(ids), len(set(ids))) == (2, count, count)
    return [
        ShardReport.model_validate_json(path.read_bytes()) for path in sorted((folder / "out/shards").glob("0*.json"))
    ]
