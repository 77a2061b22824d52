"""Verdicts without times: changes of parity, cells that one run lacks, and cells that can't be compared."""

from __future__ import annotations

from ingest_bench.analysis.estimates import MIN_PAIRS
from ingest_bench.comparison.comparability import incomparability
from ingest_bench.comparison.loaded_run import LoadedRun, log_ratios
from ingest_bench.comparison.models import Verdict
from ingest_bench.results.models import Cell

VerdictAndReason = tuple[Verdict, str]
"""A verdict, and its reason."""


def untimed_verdict(
    earlier: LoadedRun, current: LoadedRun, then: Cell | None, now: Cell | None
) -> VerdictAndReason | None:
    """Give the verdict on a cell whose times are not to be compared.

    Returns:
        None where the times decide.

    """
    if then is None:
        return "new", "not in the earlier run"
    if now is None:
        return "removed", "not in the current run"
    reason = incomparability(earlier, current, then, now)
    return ("not comparable", reason) if reason else _parity_change(then, now) or _too_few_pairs(then, now)


def _parity_change(then: Cell, now: Cell) -> VerdictAndReason | None:
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


def _too_few_pairs(then: Cell, now: Cell) -> VerdictAndReason | None:
    short = [name for name, cell in (("earlier", then), ("current", now)) if len(log_ratios(cell)) < MIN_PAIRS]
    return (
        ("not comparable", f"fewer than {MIN_PAIRS} usable pairs in the {' and '.join(short)} run") if short else None
    )
