"""Which of the design options (semaphore, queue, time chunks) the data favour, per mode."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.reporting.compare import SIMPLEST_FIRST, as_good, by_strategy, versus
from ingest_bench.reporting.replies import Reply
from ingest_bench.reporting.view import Kind, Study, View
from ingest_bench.reporting.wording import listed, safe, speed_up

NAMES = {
    "sequential": "one at a time",
    "semaphore": "option 1 (semaphore)",
    "queue": "option 2 (worker pool with a queue)",
    "time_chunks": "option 3 (time chunks)",
}
_FILE_KINDS = (Kind.FILES, Kind.DIRECTORY, Kind.GEOPARQUET)
_API_KINDS = (Kind.REQUESTS, Kind.RATE)
_CHOICE = 2
"""A scenario that has fewer strategies says nothing about which to choose."""


def option_favoured(study: Study) -> Reply:
    """Say for each mode which option is the simplest of those that nothing beats."""
    modes = (("File mode", study.of_kind(*_FILE_KINDS)), ("API mode", study.of_kind(*_API_KINDS)))
    told = [(mode, deciding) for mode, views in modes if (deciding := [view for view in views if _decides(view)])]
    gist = [f"{mode}: {favoured(views)}" for mode, views in told]
    return Reply(". ".join(gist) + "." if gist else "", [_winner(view) for _, views in told for view in views])


def favoured(views: Sequence[View]) -> str:
    """Say which option these scenarios favour: the simplest that is as good as the best in all of them."""
    common = [name for name in SIMPLEST_FIRST if all(name in as_good(view) for view in views)]
    if not common:
        return "no option is the best everywhere"
    others = listed([NAMES[name] for name in common[1:]])
    return f"{NAMES[common[0]]}" + (f", from which {others} can't be told" if others else "")


def _decides(view: View) -> bool:
    return len(by_strategy(view)) >= _CHOICE


def _winner(view: View) -> str:
    rows = by_strategy(view)
    ordered = sorted(rows.values(), key=lambda row: -row.standing.median)
    top, others = ordered[0], ordered[1:]
    leads = [f"{speed_up(versus(top, row))} as fast as {safe(row.name)}" for row in others]
    return f"*{safe(view.title)}*: {safe(top.name)}, {listed(leads)}."
