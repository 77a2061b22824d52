"""The table of writers, made by its command."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ingest_bench.__main__ import main
from ingest_bench.writer_table import run, trial
from ingest_bench.writer_table.readers import READERS
from ingest_bench.writer_table.writers import WRITERS


@pytest.mark.slow
def test_the_command_writes_the_table(tmp_path, capfd, monkeypatch):
    """A row for each way, with its tool's version and a cell for each set of items; nothing printed into a pipe."""
    monkeypatch.setattr(run, "WRITERS", [one for one in WRITERS if one.key == "pyarrow: defaults"])
    monkeypatch.setattr(run, "READERS", [one for one in READERS if one.key == "pyarrow: read_table"])
    output = tmp_path / "docs" / "table.md"
    assert main(["writers", "--output", str(output), "--python", sys.executable]) == 0
    assert capfd.readouterr() == ("", "")
    rows = [line.split(" | ") for line in output.read_text().splitlines() if line.startswith("| pyarrow ")]
    assert [row[1] for row in rows] == ["defaults", "read_table"]
    assert [row[2] for row in rows] == ["equal", "equal"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["no-tool"], "no such tool: no-tool"), (["--python", "/nowhere/python"], "no such Python")],
)
def test_what_there_is_not_is_refused(tmp_path, capsys, arguments, words):
    """A tool or a Python that there isn't ends the command with the code for bad settings."""
    assert main(["writers", "--output", str(tmp_path / "t.md"), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_tool_that_ends_or_hangs_ends_nothing_else(tmp_path, monkeypatch):
    """A process that dies, or has to be ended, is a trial that says so."""
    here = trial.environment(Path(sys.executable))
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    died = trial.written(trial.Environment(python, here.versions), "pyarrow: defaults", [], tmp_path)
    assert (died.unsafe, died.refused) == (True, "")
    monkeypatch.setattr(trial, "TIMEOUT_S", 0.01)
    assert trial.written(here, "pyarrow: defaults", [], tmp_path).unsafe


def test_every_way_has_its_own_name():
    """No two ways share a name, and each has words for its option."""
    for ways in (WRITERS, READERS):
        assert len({way.key for way in ways}) == len(ways)
        assert all(way.option for way in ways)
