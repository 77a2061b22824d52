"""Whether what came is all there is: the whole is read again where something is missing that no failure explains."""

from __future__ import annotations

import pytest

from stac_ingest.api.time_chunks.shortfall import Shortfall
from stac_ingest.summary import IngestSummary


class Run:
    """A run that has received so many items."""

    def __init__(self, received, matched, limit=None):
        self.received = received
        self.summary = IngestSummary(matched=matched)
        self.shortfall = Shortfall(self.summary, limit, lambda: self.received)


@pytest.mark.parametrize(
    ("received", "matched", "limit", "short"),
    [
        (364, 400, None, True),
        (400, 400, None, False),
        (420, 400, None, False),
        (9, None, None, False),
        (5, 400, 5, False),
    ],
)
def test_what_is_short(received, matched, limit, short):
    """Less than the server counts, of what is wanted; without a count nothing is known."""
    assert Run(received, matched, limit).shortfall.after_parts() is short


@pytest.mark.parametrize("reason", ["failed", "whole_read"])
def test_what_needs_no_other_look(reason):
    """After a part that failed, or once one cursor has read all, the whole isn't read again."""
    run = Run(364, 400)
    setattr(run.shortfall, reason, True)
    assert not run.shortfall.after_parts()


def test_a_count_that_ends_at_ten_thousand_promises_nothing():
    """Where more came than a server counts at most, it isn't known how many there are."""
    run = Run(10_500, 10_000)
    assert not run.shortfall.after_parts()
    assert run.summary.matched is None
    assert "counts no further than 10000" in run.summary.notes[0]
    exact = Run(10_000, 10_000)
    assert not exact.shortfall.after_parts()
    assert exact.summary.matched == 10_000


def test_what_is_said_of_reading_again():
    """How much the parts had brought, and what came of reading the whole."""
    run = Run(364, 400)
    assert run.shortfall.begin(400)
    run.received = 400
    run.shortfall.end()
    assert run.summary.notes == [
        "the time chunks brought 364 of 400 items; one cursor then read everything again",
        "it brought 36 items that no chunk had",
    ]


def test_items_that_have_gone_are_not_missing():
    """A later count that is lower is believed; one that is higher isn't what was promised."""
    run = Run(399, 400)
    assert not run.shortfall.begin(399)
    assert (run.summary.matched, run.shortfall.is_being_read) == (399, False)
    run.shortfall.count_again(500)
    assert run.summary.matched == 399
