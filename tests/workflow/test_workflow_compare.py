"""The workflow's `compare` target, run as a CI job runs it, on results that are there already."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from factories import arm, fake_cell, fake_pairs, matrix, scenario
from ingest_bench.results.models import Results
from snakemake_forks import run_snakemake

ROOT = Path(__file__).resolve().parents[2]
MATRIX = matrix({"files": ("item_files", 20)}, small=scenario(arms={"base": arm(), "queue": arm(5)}, group="files"))


def cell(name: str, speed_ups: list[float]) -> dict[str, Any]:
    """Return a cell with these speed-ups."""
    level = MATRIX["scenarios"]["small"]["arms"][name]["concurrency"][0]
    made = fake_cell(
        "small", name, fake_pairs(speed_ups, items=20), speed_ups, concurrency=level, is_null_cell=name == "base"
    )
    return made.model_dump(mode="json")


def write(path: Path, slower: float = 1.0) -> None:
    """Write results in which the queue is twice as fast as the baseline, or less."""
    speed_ups = [ratio / slower for ratio in (2.0, 2.01, 1.99, 2.02, 1.98)]
    cells = [cell("base", [1.0, 1.01, 0.99]), cell("queue", speed_ups)]
    results = {"seed": 1, "created_at": 1, "config": MATRIX, "corpora": {"files": {"reference": {"count": 20}}}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Results.model_validate({**results, "cells": cells}).model_dump_json())


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake on the checkout's Snakefile, in a folder with a configuration and results of its own."""
    (folder / "config.yaml").write_text(yaml.safe_dump(MATRIX))
    return run_snakemake(folder, "--snakefile", str(ROOT / "Snakefile"), "--nocolor", *arguments)


def compare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask for the comparison alone, so that the results are taken as they are."""
    return snakemake(folder, "compare", "--cores", "1", "--allowed-rules", "comparison", "compare", *arguments)


@pytest.mark.slow
@pytest.mark.parametrize(("slower", "code"), [(1.5, 1), (1.0, 0)])
def test_a_regression_fails_the_run_and_leaves_its_files(tmp_path: Path, slower: float, code: int) -> None:
    """`snakemake compare` ends with 1 where a cell is worse, naming it, and with 0 elsewhere; the files stay."""
    write(tmp_path / "earlier.json")
    write(tmp_path / "results/benchmark_results.json", slower)
    done = compare(tmp_path, "--config", "baseline=earlier.json")
    assert done.returncode == code, done.stderr
    assert ("Worse: small/queue-5" in done.stderr) == bool(code)
    verdicts = [found["verdict"] for found in json.loads((tmp_path / "results/compare.json").read_text())["cells"]]
    assert verdicts == ["worse" if code else "no difference"]
    assert (tmp_path / "results/compare.md").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "--config baseline=path/to/benchmark_results.json"), (("--config", "baseline=gone.json"), "gone.json")],
)
def test_a_missing_run_is_told(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """Without a run to compare with, or with one that isn't there, nothing runs and the message says what to give."""
    write(tmp_path / "results/benchmark_results.json")
    done = compare(tmp_path, *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results/compare.json").exists()


@pytest.mark.slow
def test_the_matrix_is_the_same_with_a_run_to_compare_with(tmp_path: Path) -> None:
    """`--config baseline=` is no key of the matrix: everything else is planned as without it."""
    plans = []
    for more in ((), ("--config", "baseline=x")):
        done = snakemake(tmp_path, "--dry-run", "--quiet", "rules", *more)
        assert done.returncode == 0, done.stderr
        plans.append([line for line in done.stdout.splitlines() if line.split()[-1:] and line.split()[-1].isdigit()])
    assert plans[0] == plans[1]
    assert [line.split()[0] for line in plans[0]][-1] == "total"
