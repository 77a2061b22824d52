"""The table of what clients deliver: trials are bounded, and the words say what happened."""

from __future__ import annotations

from collections import Counter

import pytest

from ingest_bench.__main__ import main
from ingest_bench.hostile_matrix import trial as trials
from ingest_bench.hostile_matrix.table import describe, is_bad
from ingest_bench.hostile_matrix.trial import Trial, run_trial

IDS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("trial", "words", "bad"),
    [
        (Trial(Counter(IDS), {}), "all", False),
        (Trial(Counter("aabbcd"), {}), "all, 2 repeats", False),
        (Trial(Counter("ab"), {}), "2 of 3, **says nothing**", True),
        (Trial(Counter("ab"), {"error": "KeyError"}), "2 of 3, then `KeyError`", False),
        (Trial(Counter("ab"), {"verdict": "truncated"}), "2 of 3, certificate: truncated", False),
        (Trial(Counter("abc"), {"failures": "7"}), "all, 7 failures named", False),
        (Trial(Counter("a"), None, endless=True), "1 of 3, **never ends**", True),
        (Trial(Counter(), None, late=True), "0 of 3, **not done in time**", True),
        (Trial(Counter(), None), "0 of 3, **dies**", True),
        (Trial(Counter(IDS), {}, leaked=True), "all, **token given away**", True),
    ],
)
def test_what_is_said_of_a_trial(trial, words, bad):
    """Losses without a word, endless walks and leaks are bold and count as bad; an error that is told isn't."""
    assert describe(trial, IDS) == words
    assert is_bad(trial, IDS) is bad


async def test_a_client_that_never_ends_is_stopped(store, monkeypatch):
    """Who asks too often is stopped, and what it delivered until then is kept."""
    monkeypatch.setattr(trials, "MOST_REQUESTS", 10)
    trial = await run_trial(store, "next-token", "stac_ingest")
    assert (trial.endless, trial.late, trial.end) == (True, False, None)
    assert 0 < len(trial.delivered) < 240


async def test_a_client_that_hangs_is_stopped(store, monkeypatch):
    """Who gets nowhere is stopped after a time."""
    monkeypatch.setattr(trials, "MOST_S", 0.3)
    trial = await run_trial(store, "stall=99", "stac_ingest")
    assert (trial.endless, trial.late, trial.end) == (False, True, None)


def test_the_command_writes_the_table(tmp_path, capfd):
    """A row for the behaviour with its sentence, a cell for each client, ours without a bold word; silent in a pipe."""
    output = tmp_path / "docs" / "table.md"
    assert main(["client-matrix", "--output", str(output), "next-other-origin"]) == 0
    assert capfd.readouterr() == ("", "")
    rows = [line.split(" | ") for line in output.read_text().splitlines() if line.startswith("| `")]
    assert [row[0].partition(":")[0] for row in rows] == ["| `next-other-origin=localhost`"]
    assert [row[3].rstrip(" |") for row in rows] == ["all"]


def test_an_unknown_behaviour_is_refused(tmp_path, capsys):
    """Nothing runs for a name that is none."""
    assert main(["client-matrix", "--output", str(tmp_path / "t.md"), "next-slef"]) == 2
    assert "did you mean next-self?" in capsys.readouterr().err
