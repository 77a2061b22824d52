"""One line at the start of each cell: which it is, how many are left, and about how long they take."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from ingest_bench.config.matrix import PlannedCell, cells
from ingest_bench.config.models import Settings
from ingest_bench.results.models import Round

_PLANNED, _SINCE = "INGEST_BENCH_PLANNED", "INGEST_BENCH_SINCE"
BESIDE_S = 4.0
"""What a cell takes beside its budget, until the first two cells of a run tell better."""


def plan_cell() -> None:
    """Count one more cell that this run is going to measure; its jobs inherit the number."""
    os.environ.setdefault(_SINCE, f"{time.time():.3f}")
    os.environ[_PLANNED] = str(int(os.environ.get(_PLANNED, "0")) + 1)


def tell(settings: Settings, cell: PlannedCell, terminal: TextIO | None = None) -> None:
    """Write the line, where there is a terminal and a run that has planned its cells."""
    terminal = terminal or sys.stderr
    planned, since = int(os.environ.get(_PLANNED, "0")), float(os.environ.get(_SINCE, "0"))
    if not planned or not terminal.isatty():
        return
    done = finished(settings, since)
    name = f"{cell.scenario}: {cell.label} at {cell.concurrency}"
    seconds = left_s(done, planned, cell.sampling.budget_seconds)
    more = planned - len(done) - 1
    print(
        f"Cell {len(done) + 1} of {planned}, {name}; {f'{more} more' if more else 'the last'}, "
        f"about {_clock(seconds)} left",
        file=terminal,
        flush=True,
    )


def tell_plan(plan: Round, terminal: TextIO | None = None) -> None:
    """Write what a round is going to measure, and how each choice stands, where there is a terminal."""
    terminal = terminal or sys.stderr
    if not terminal.isatty():
        return
    stands = ", ".join(f"{mode}: {each.ended or each.status}".replace("_", " ") for mode, each in plan.modes.items())
    pairs = sum(more.pairs for more in plan.cells.values())
    does = f"{pairs} more pairs in {len(plan.cells)} cells" if pairs else "nothing more to measure"
    print(f"Round {plan.number}: {does}; {stands}", file=terminal, flush=True)


def tell_pairs(settings: Settings, plan: Round, cell: PlannedCell, terminal: TextIO | None = None) -> None:
    """Write which pairs of a round are measured now, and how much of the budget is left, where there is a terminal."""
    terminal = terminal or sys.stderr
    if not terminal.isatty():
        return
    order = [each.name for each in cells(settings) if each.name in plan.cells]
    left = plan.budget_s - plan.spent_s - (time.time() - plan.planned_at)
    print(
        f"Round {plan.number}, cell {order.index(cell.name) + 1} of {len(order)}, {cell.scenario}: {cell.label} at "
        f"{cell.concurrency}; about {_clock(max(0.0, left))} of the budget left",
        file=terminal,
        flush=True,
    )


def finished(settings: Settings, since: float) -> list[float]:
    """Give the moments, in order, at which cells of the matrix were finished in a run that began at `since`."""
    moments = []
    for cell in cells(settings):
        try:
            moments.append((Path(settings.results) / cell.file).stat().st_mtime)
        except OSError:
            continue
    return sorted(moment for moment in moments if moment >= since)


def left_s(done: Sequence[float], planned: int, budget_s: float) -> float:
    """Estimate the seconds until the last planned cell is measured, from the pace of those done or from the budget."""
    pace = (done[-1] - done[0]) / (len(done) - 1) if len(done) > 1 else budget_s + BESIDE_S
    return pace * max(0, planned - len(done))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
