"""The journal of a run against what an epoch has changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.errors import MeasurementError
from ingest_bench.reference.journal import check_journal
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.history import History, Rows, id_keys
from ingest_bench.simulator.generated.item_text import item_id

HISTORY = History(Description(items=400, seed=2))


def lines_of(epoch: int) -> list[dict[str, str]]:
    """Return the lines of the right journal of an epoch."""

    def told(what: str, rows: Rows) -> list[dict[str, str]]:
        return [{"what": what, "collection": "c", "id": item_id(key)} for key in id_keys(rows).tolist()]

    if epoch == 0:
        return told("added", HISTORY.state(0).rows)
    delta = HISTORY.delta(epoch)
    changed = delta.changed[len(delta.moved) :]
    return [
        *told("added", delta.added),
        *told("changed", changed),
        *told("moved", delta.moved),
        *told("gone", delta.removed),
    ]


def written(folder: Path, lines: list[object]) -> Path:
    """Write a journal."""
    path = folder / "journal.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_the_right_journal_is_right(tmp_path, epoch):
    """A journal that tells each change once is right, in whatever order."""
    lines = lines_of(epoch)
    found = check_journal(written(tmp_path, lines[::-1]), HISTORY, epoch)
    assert (found.ok, found.lines) == (True, len(lines))


@given(at=st.integers(0, 15), how=st.sampled_from(["left out", "told again", "told otherwise", "of another item"]))
def test_any_other_journal_is_wrong(tmp_path_factory, at, how):
    """A change that isn't told, is told twice or otherwise, and one that there wasn't, are counted."""
    lines = lines_of(1)
    assert len(lines) == 16
    line = lines[at]
    if how == "left out":
        del lines[at]
    elif how == "told again":
        lines.append(line)
    elif how == "told otherwise":
        line["what"] = "returned"
    else:
        lines.append({**line, "id": item_id(int(id_keys(HISTORY.delta(2).added)[0]))})
    found = check_journal(written(tmp_path_factory.mktemp("journal"), lines), HISTORY, 1)
    assert (found.wrong, found.missing) == {
        "left out": (0, 1),
        "told again": (1, 0),
        "told otherwise": (1, 1),
        "of another item": (1, 0),
    }[how]


def test_no_journal_tells_nothing(tmp_path):
    """Without a journal all changes are missing, and lines that are no objects are wrong."""
    assert check_journal(None, HISTORY, 1).missing == 16
    assert check_journal(written(tmp_path, [[], 1, {"what": "gone"}, {"id": "x"}]), HISTORY, 1).wrong == 4
    with pytest.raises(MeasurementError, match="can't be read"):
        check_journal(tmp_path / "none", HISTORY, 1)
