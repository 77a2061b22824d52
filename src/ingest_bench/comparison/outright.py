"""Verdicts that hang on no time: a cell that one run lacks, asks something else, or delivers the wrong items."""

from __future__ import annotations

from ingest_bench.comparison.change import FEWEST
from ingest_bench.comparison.likeness import unlike
from ingest_bench.comparison.records import Verdict
from ingest_bench.comparison.runs import Measured, log_ratios
from ingest_bench.results import Cell

Outright = tuple[Verdict, str]
"""A verdict, and its reason."""


def outright(earlier: Measured, current: Measured, then: Cell | None, now: Cell | None) -> Outright | None:
    """Judge a cell where its times have no say.

    Returns:
        None where the times are to be compared.

    """
    if then is None:
        return "new", "not in the earlier run"
    if now is None:
        return "removed", "not in the current run"
    other = unlike(earlier, current, then, now)
    return ("not comparable", other) if other else _by_delivery(then, now) or _by_pairs(then, now)


def _by_delivery(then: Cell, now: Cell) -> Outright | None:
    if then.baseline_parity.ok != now.baseline_parity.ok:
        return "not comparable", "its baseline delivered the right items in one of the runs alone"
    match then.parity.ok, now.parity.ok:
        case True, False:
            return "worse", f"delivers the wrong items now: {now.parity.reason or 'its digest differs'}"
        case False, True:
            return "better", "delivers the right items now"
        case False, False:
            return "not comparable", "delivers the wrong items in both runs, so it has no time"
    return None


def _by_pairs(then: Cell, now: Cell) -> Outright | None:
    short = [name for name, cell in (("earlier", then), ("current", now)) if len(log_ratios(cell)) < FEWEST]
    return ("not comparable", f"fewer than {FEWEST} usable pairs in the {' and '.join(short)} run") if short else None
