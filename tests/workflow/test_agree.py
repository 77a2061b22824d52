"""Runs of the real workflow, one after another, and what they agree on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from factories import QUEUE, arm, matrix, scenario

Checkout = Any
"""The class of that name in `conftest.py`."""


@pytest.mark.slow
def test_runs_are_repeated_and_gone_on_with(empty: Callable[[], Checkout]) -> None:
    """Each run has its own folder; a second call does what is missing alone, the last run beside a load."""
    checkout = empty()
    few = {"pairs": {"min": 3, "max": 3}, "budget_seconds": 0.001, "tracemalloc_items": 0}
    arms = {"sequential": arm(), "queue": arm(2, settings=QUEUE)}
    checkout.configure(matrix({"files": ("item_files", 20)}, files=scenario(arms=arms), sampling=few))

    def agree(runs: int, loaded: int) -> dict[str, Any]:
        command = [sys.executable, "-m", "ingest_bench", "agree", "--folder", "all", "--cores", "2"]
        asked = [*command, "--runs", str(runs), "--loaded", str(loaded), "--configfile", "config.yaml"]
        done = subprocess.run(
            asked,
            cwd=checkout.folder,
            env=checkout.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        assert done.stdout.splitlines()[-1] == "all/agreement.md"
        found: dict[str, Any] = json.loads((checkout.folder / "all" / "agreement.json").read_bytes())
        return found

    results = checkout.folder / "all" / "run-1" / "benchmark_results.json"
    first = agree(1, 0)
    written = results.stat().st_mtime_ns
    second = agree(2, 1)
    assert results.stat().st_mtime_ns == written
    assert second["runs"][0] == first["runs"][0]
    assert [run["done"]["beside_load"] for run in second["runs"]] == [False, True]
    assert [set(run["modes"]) for run in second["runs"]] == [{"json_files"}] * 2
    assert not (checkout.folder / "results" / "cells").exists()
