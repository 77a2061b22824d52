"""The journal of a run against what an epoch has changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ingest_bench.errors import MeasurementError
from ingest_bench.reference.records import JournalCheck
from ingest_bench.simulator.generated.history import History, row_of_key
from ingest_bench.simulator.generated.item_text import key_of_id

_WHAT = ("", "added", "changed", "moved", "gone")
"""What becomes of an item, by the number that stands for it; the first for nothing."""


def check_journal(path: Path | None, history: History, epoch: int) -> JournalCheck:
    """Compare the journal of the run that brought an output to an epoch with what the epoch does.

    Args:
        path: of the journal; None where there is none, since nothing was changed.
        history: the truth.
        epoch: that the output was brought to, from the one before; everything is added by epoch 0.

    Raises:
        MeasurementError: the journal can't be read.

    """
    expected = _expected(history, epoch)
    lines = wrong = 0
    for line in _lines(path) if path else ():
        lines += 1
        row = _row(line)
        what = expected[row] if 0 <= row < len(expected) else 0
        if what and _WHAT[what] == line.get("what"):
            expected[row] = 0
        else:
            wrong += 1
    return JournalCheck(lines=lines, wrong=wrong, missing=int(np.count_nonzero(expected)))


def _expected(history: History, epoch: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return what becomes of each row."""
    if epoch == 0:
        return np.full(history.description.items, _WHAT.index("added"), dtype=np.uint8)
    delta = history.delta(epoch)
    expected = np.zeros(int(delta.added.max(initial=history.description.items)) + 1, dtype=np.uint8)
    for what, rows in zip(_WHAT[1:], (delta.added, delta.changed, delta.moved, delta.removed), strict=True):
        expected[rows] = _WHAT.index(what)
    return expected


def _row(line: dict[str, Any]) -> int:
    key = key_of_id(line["id"]) if isinstance(line.get("id"), str) else None
    return -1 if key is None else row_of_key(key)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            for line in stream:
                made = orjson.loads(line)
                yield made if isinstance(made, dict) else {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise MeasurementError(f"{path} can't be read: {error}") from None
