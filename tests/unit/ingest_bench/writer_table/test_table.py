"""What the table of writers says, and what it doesn't."""

from __future__ import annotations

import pytest

from ingest_bench.writer_table.differences import Difference
from ingest_bench.writer_table.table import CASES, describe, document
from ingest_bench.writer_table.trial import Trial

LOST = Difference("properties.x", "value lost")
NULLS = [Difference("assets.a.title", "null lost"), Difference("properties.n", "null lost")]
MOVED = [Difference("renders", "value lost"), Difference("properties.renders", "value added")]


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (Trial(), "equal"),
        (Trial(found=[LOST]), "`properties.x`: value lost"),
        (Trial(found=NULLS), "nulls of `assets.a.title` and `properties.n` lost"),
        (Trial(found=MOVED), "`renders` became a property"),
        (Trial(found=[LOST], ours=[LOST], reported=["x | y"]), "**ours**: `properties.x`: value lost; said: x \\| y"),
        (Trial(reported=["a remark"]), "equal; said: a remark"),
        (Trial(refused="ValueError: not this"), "refuses: `ValueError` (not this)"),
        (Trial(refused="KeyError: "), "refuses: `KeyError`"),
        (Trial(found=[Difference(str(n), "value lost") for n in range(7)]), "`4`: value lost; and 2 more"),
    ],
)
def test_what_is_said_of_a_trial(trial, words):
    """Nulls and moved members come together, refusals with their reason, our own differences in bold."""
    assert describe(trial).endswith(words)


@pytest.mark.parametrize("unsafe", [0, 1, 2])
def test_what_is_unsafe_is_a_number(unsafe):
    """A way that crashes or never ends is counted, and neither its row nor its tool is shown."""
    written = {("good 1", "o", "usual items"): Trial()}
    read = {(f"bad {number}", "o", "usual items"): Trial(unsafe=True) for number in range(unsafe)}
    text = document(written, read, ["usual items"])
    assert "| good 1 | o | equal |" in text
    assert "bad" not in text
    assert f"{CASES + unsafe} way{'s' if unsafe else ''} to write or read a table" in text
