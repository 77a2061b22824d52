"""What commands may have beside them: one before and one after, a service, and what a search has to find."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import factories
from ingest_bench.arms import ArmSpec
from ingest_bench.arms.command_settings import programs
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.harness.measure import measure
from ingest_bench.harness.spawn import run_sample
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.results.models import Cell
from ingest_bench.system import postgis
from ingest_bench.system.programs import HOW_TO_INSTALL
from ingest_bench.system.services import SERVICES

LOADING = """
import subprocess, sys
subprocess.run(["psql", "-qc", r"\\copy items from " + sys.argv[1]], check=True)
"""


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Cell]:
    """Return what measures an arm against another one, over a few items."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(baseline: dict[str, Any], candidate: dict[str, Any], **more: Any) -> Cell:
        settings = load_settings(
            factories.matrix(
                {"files": ("item_files", 30)},
                results="results",
                sampling={"budget_seconds": 0.01},
                small=factories.scenario(arms={"one": baseline, "other": candidate}, **more),
            )
        )
        build_corpus(settings, "files", settings.corpus_folder("files"), settings.manifest_file("files"))
        return measure(settings, find_cell(settings, "small", "other", 1))

    return run


def sample(folder: Path, **settings: Any) -> dict[str, Any]:
    """Return a sample of a command with these settings, which reads two items."""
    (folder / "lines.ndjson").write_text('{"id": "a"}\n{"id": "b"}\n')
    (folder / "scratch").mkdir()
    arm = ArmSpec("command", "item_files", str(folder / "lines.ndjson"), settings=settings)
    return run_sample(SampleSpec(arm, None, os.getpid(), scratch=str(folder / "scratch")), 60)


def test_what_comes_before_and_after_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that needs a file gets one, another writes what is read back, and neither is in the time."""
    monkeypatch.chdir(tmp_path)
    Path("before.py").write_text("import os, time\ntime.sleep(1.5)\nopen(os.environ['PLACE'], 'w').close()")
    Path("after.py").write_text("import os, sys\nos.rename(os.environ['PLACE'], sys.argv[1])")
    settings = {
        "command": "sh -c 'test -e $PLACE && cat $0 >> $PLACE' {source}",
        "prepare": "{python} before.py",
        "conclude": "{python} after.py {output}",
        "variables": {"PLACE": "loaded"},
    }
    found = sample(tmp_path, **settings)
    assert (found["items"], found.get("invalid"), found["output_bytes"]) == (2, None, None)
    assert found["wall_s"] < 1.5
    assert programs(settings).keys() == {"sh", "before.py", "after.py"}


@pytest.mark.parametrize("name", ["prepare", "conclude"])
def test_what_fails_beside_a_command_leaves_no_time(tmp_path: Path, name: str) -> None:
    """A sample can't be used whose command before or after it has failed; the reason is what that said last."""
    found = sample(tmp_path, command="cp {source} {output}", **{name: "sh -c 'echo no room; exit 3' {source}"})
    assert found["invalid"] == f"{name}: ended with exit code 3: no room"


@pytest.mark.slow
def test_what_a_search_finds_is_right_when_the_baseline_finds_it(measured: Callable[..., Cell]) -> None:
    """Only what the baseline finds has to be delivered: one that finds more by the same words is struck through."""
    finding = "sh -c 'test $0 = -60,-30,60,60 && test $1 = 2020/2024 && head -n {} $2 > $3' {{bbox}} {{datetime}} "
    few, more = ({"command": finding.format(n) + "{source} {output}", "settings": {"joined": True}} for n in (5, 6))
    cell = measured(few, more, search={"bbox": [-60, -30, 60, 60], "datetime": "2020/2024"})
    assert cell.baseline_parity.ok
    assert {sample.items for sample in cell.samples} == {5, 6}
    assert cell.parity.reason == "1 item too many (in 3 of 3 samples, first in pair 0)"


@pytest.mark.slow
@pytest.mark.skipif(postgis.version() is None, reason="PostgreSQL with PostGIS is not installed")
def test_a_service_runs_for_a_cell(measured: Callable[..., Cell]) -> None:
    """A command finds the database of its cell by its environment, and it is gone afterwards."""
    settings = {
        "joined": True,
        "service": "postgis",
        "prepare": "psql -qc 'drop table if exists items; create table items (item json)'",
        "conclude": "psql -Atc 'select item from items' -o {output}",
    }
    Path("loading.py").write_text(LOADING)
    arm = {"command": "{python} loading.py {source}", "settings": settings}
    cell = measured({"command": "cp {source} {output}", "settings": {"joined": True}}, arm)
    assert [sample.invalid for sample in cell.samples if sample.invalid] == []
    assert cell.parity.ok, cell.parity.reason
    assert cell.programs["PostgreSQL with PostGIS"] == postgis.version()


def test_a_service_that_is_not_there_is_told_with_what_installs_it(
    measured: Callable[..., Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the service its cell isn't measured, and says what installs it."""
    monkeypatch.setattr(postgis, "DEBIANS", tmp_path)
    service = SERVICES["postgis"]
    cell = measured(
        {"command": "cp {source} {output}", "settings": {"joined": True}},
        {"command": "cp {source} {output}", "settings": {"joined": True, "service": "postgis", "needs": ["no-such"]}},
    )
    assert (cell.samples, cell.unavailable) == (
        [],
        f"no-such, {service.title}: not installed here; {HOW_TO_INSTALL} and {service.installed_by}",
    )
