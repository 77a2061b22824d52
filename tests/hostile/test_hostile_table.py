"""The table of what clients deliver: trials are bounded, and what isn't to be shown of other clients isn't in it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from ingest_bench.__main__ import main
from ingest_bench.client_matrix import trial as trials
from ingest_bench.client_matrix.clients import CLIENTS, OWN
from ingest_bench.client_matrix.run import pairs
from ingest_bench.client_matrix.table import CASES, describe, is_bad, table
from ingest_bench.client_matrix.trial import Trial, run_trial
from ingest_bench.simulator.faults.registry import BEHAVIOURS

ROOT = Path(__file__).parents[2]
IDS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("trial", "words", "bad"),
    [
        (Trial(Counter(IDS), {}), "all", False),
        (Trial(Counter("aabbcd"), {}), "all, 2 repeats", False),
        (Trial(Counter("ab"), {}), "2 of 3, **no error**", True),
        (Trial(Counter("ab"), {"error": "KeyError"}), "2 of 3, then `KeyError`", False),
        (Trial(Counter("ab"), {"verdict": "truncated"}), "2 of 3, certificate: truncated", False),
        (Trial(Counter("abc"), {"failures": "7"}), "all, 7 named failures", False),
        (Trial(Counter("a"), None, endless=True), "1 of 3, **never ends**", True),
        (Trial(Counter(), None, late=True), "0 of 3, **not done in time**", True),
        (Trial(Counter(), None), "0 of 3, **crashes**", True),
        (Trial(Counter(IDS), {}, leaked=True), "all, **token sent elsewhere**", True),
    ],
)
def test_what_is_said_of_a_trial(trial, words, bad):
    """Losses without an error, a client that has to be stopped and leaks are bold and count as bad; an error isn't."""
    assert describe(trial, IDS) == words
    assert is_bad(trial, IDS) is bad


async def test_a_client_that_never_ends_is_stopped(store, monkeypatch):
    """A client that sends too many requests is stopped, and what it delivered until then is kept."""
    monkeypatch.setattr(trials, "MAX_REQUESTS", 10)
    trial = await run_trial(store, "next-token", "stac_ingest")
    assert (trial.endless, trial.late, trial.end) == (True, False, None)
    assert 0 < len(trial.delivered) < 240


async def test_a_client_that_hangs_is_stopped(store, monkeypatch):
    """A client that makes no progress is stopped after a time."""
    monkeypatch.setattr(trials, "MAX_S", 0.3)
    trial = await run_trial(store, "stall=99", "stac_ingest")
    assert (trial.endless, trial.late, trial.end) == (False, True, None)


def test_the_command_writes_the_table(tmp_path, capfd):
    """A row for what all clients are run against, ours alone run against the rest; nothing printed into a pipe."""
    output = tmp_path / "docs" / "table.md"
    assert main(["client-matrix", "--output", str(output), "next-page", "next-other-origin"]) == 0
    assert capfd.readouterr() == ("", "")
    text = output.read_text()
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert [row[0].partition(":")[0] for row in rows] == ["| `next-page`"]
    assert [row[3].rstrip(" |") for row in rows] == ["all"]
    assert f"There are {CASES} cases" in text
    assert "on the 1 without a row: 0 bold, all items from 1." in text


def test_other_clients_are_kept_from_what_is_for_ones_own():
    """Ours meets every behaviour, the others those alone that can't keep them from ending or lead them elsewhere."""
    run = [(re.split("[=@]", behaviour)[0], client) for behaviour, client in pairs(list(BEHAVIOURS))]
    for client in CLIENTS:
        kept = {name for name, kind in BEHAVIOURS.items() if client != OWN and kind.own_client_only}
        assert [name for name, of in run if of == client] == [name for name in BEHAVIOURS if name not in kept]


@pytest.mark.parametrize(
    "unsafe",
    [
        Trial(Counter("a"), None, endless=True),
        Trial(Counter("a"), None, late=True),
        Trial(Counter("a"), None),
        Trial(Counter(IDS), {}, leaked=True),
    ],
    ids=["endless", "late", "crash", "leak"],
)
def test_what_is_unsafe_in_another_client_is_a_number(unsafe):
    """Another client that doesn't end, crashes or leaks is counted; neither the cell nor the behaviour is shown."""
    good = Trial(Counter(IDS), {})
    results = {(name, client): good for name in ("next-page", "html=2") for client in CLIENTS}
    other = next(client for client in CLIENTS if client != OWN)
    text = table({**results, ("html=2", other): unsafe}, IDS, 1)
    assert f"There are {CASES + 1} cases" in text
    assert "| `next-page`" in text
    assert "html" not in text
    assert describe(unsafe, IDS) not in text


def test_what_is_unsafe_in_our_client_is_shown():
    """Of our own client nothing is left out."""
    results = {("html=2", client): Trial(Counter(IDS), {}) for client in CLIENTS}
    text = table({**results, ("html=2", OWN): Trial(Counter("a"), None, endless=True)}, IDS, 1)
    assert "| `html=2`" in text
    assert "1 of 3, **never ends**" in text


def test_the_table_of_the_docs_shows_nothing_unsafe():
    """The committed table has no row for what is kept for one's own client, and no cell of a client that had to end."""
    text = (ROOT / "docs/client-matrix.md").read_text()
    named = {re.split("[=@]", name)[0] for name in re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)}
    assert named == {name for name, kind in BEHAVIOURS.items() if not kind.own_client_only}
    assert set(re.findall(r"\*\*([^*]+)\*\*", text)) == {"Bold", "no error"}


def test_an_unknown_behaviour_is_refused(tmp_path, capsys):
    """Nothing runs for a name that is none."""
    assert main(["client-matrix", "--output", str(tmp_path / "t.md"), "next-slef"]) == 2
    assert "did you mean next-self?" in capsys.readouterr().err
