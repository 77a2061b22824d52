"""Which of the design options (semaphore, queue, time chunks) the data favour, per mode."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.reporting.compare import SIMPLEST_FIRST, as_good, best, by_strategy, versus
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


def option_favoured(study: Study) -> str:
    """Say for each mode which option is the simplest of those that nothing beats."""
    modes = (("File mode", study.of_kind(*_FILE_KINDS)), ("API mode", study.of_kind(*_API_KINDS)))
    return " ".join(f"*{mode}*: {favoured(views)}" for mode, views in modes)


def favoured(views: Sequence[View]) -> str:
    """Say which option these scenarios favour: the simplest that is as good as the best in all of them."""
    deciding = [view for view in views if len(by_strategy(view)) >= _CHOICE]
    if not deciding:
        return "not measured."
    common = [name for name in SIMPLEST_FIRST if all(name in as_good(view) for view in deciding)]
    if not common:
        return "no option is best everywhere. " + " ".join(_winner(view) for view in deciding)
    others = f"; {listed([NAMES[name] for name in common[1:]])} can't be told from it" if len(common) > 1 else ""
    return f"{NAMES[common[0]]}{others}. " + " ".join(_winner(view) for view in deciding)


def _winner(view: View) -> str:
    rows = by_strategy(view)
    top = best(list(rows.values()))
    if top is None:
        return ""
    second = best([row for row in rows.values() if row is not top])
    lead = f", {speed_up(versus(top, second))} as fast as {safe(second.name)}" if second else ""
    return f"{safe(view.title)}: {safe(top.name)}{lead}."
