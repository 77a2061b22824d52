"""Judges a run against an earlier one, cell by cell."""

from __future__ import annotations

from itertools import chain

from ingest_bench.comparison.change import FEWEST, Difference, difference, factor
from ingest_bench.comparison.drift import drift_warnings, drifts
from ingest_bench.comparison.judge import ALARM, CONFIDENCE, METHOD, Contrast, Judgement, judge
from ingest_bench.comparison.likeness import busy, warnings
from ingest_bench.comparison.noise import noises
from ingest_bench.comparison.outright import Outright, outright
from ingest_bench.comparison.records import CellComparison, Comparison, Run
from ingest_bench.comparison.runs import Key, Measured, log_ratios
from ingest_bench.comparison.spread import Spread, learnt
from ingest_bench.comparison.unrest import Unrest, movement
from ingest_bench.results import Cell

RESTLESS = 1.1
"""Speed-ups that move by more than this from run to run are worth a warning."""


def compare(earlier: Measured, current: Measured) -> Comparison:
    """Compare two runs. Swapped, they give the opposite verdicts."""
    noise = noises(earlier, current)
    known, drift = _spread(earlier, current), list(drifts(earlier, current))
    cells: dict[Key, CellComparison] = {}
    differences: dict[Key, Difference] = {}
    for key in dict.fromkeys(chain(current.cells, earlier.cells)):
        then, now = earlier.cells.get(key), current.cells.get(key)
        found = outright(earlier, current, then, now)
        cells[key] = _described(then, now, found or ("no difference", ""))
        if then and now and not found:
            differences[key] = difference(log_ratios(then), log_ratios(now), known)
    moved = movement(list(differences.values()))
    contrasts = [Contrast(moved.added(found), noise[key[0]].factor) for key, found in differences.items()]
    disturbed = bool(busy(earlier, current))
    for key, by_times in zip(differences, judge(contrasts), strict=True):
        verdict, reason = _believed(by_times, disturbed=disturbed)
        cells[key] = cells[key].model_copy(update={"verdict": verdict, "reason": reason, "change": by_times.change})
    return Comparison(
        method=METHOD,
        confidence=CONFIDENCE,
        alarm=ALARM,
        earlier=_run(earlier),
        current=_run(current),
        unrest=factor(moved.overall.deviation),
        warnings=[*warnings(earlier, current), *drift_warnings(drift, noise), *_unrest_warnings(moved.overall)],
        cells=list(cells.values()),
        noise=list(noise.values()),
        drift=drift,
    )


def _believed(found: Judgement, *, disturbed: bool) -> Outright:
    """Withhold a verdict that times gave while other work ran: what it did to them can't be told from a change."""
    if disturbed and found.verdict != "no difference":
        return (
            "not comparable",
            f"{found.verdict} by its times, {found.reason}, but other work ran beside the measurement",
        )
    return found.verdict, found.reason


def _spread(earlier: Measured, current: Measured) -> Spread:
    cells = chain(earlier.results.cells, current.results.cells)
    return learnt(logs for cell in cells if len(logs := log_ratios(cell)) >= FEWEST)


def _unrest_warnings(overall: Unrest) -> list[str]:
    size = factor(overall.deviation)
    told = (
        f"speed-ups moved by {size:.2f}x between the runs, beyond what their pairs show: the machine was not as quiet "
        "in both, or much has changed; smaller changes stay unseen, so measure again while nothing else runs"
    )
    return [told] if size > RESTLESS else []


def _described(then: Cell | None, now: Cell | None, found: Outright) -> CellComparison:
    cell = now or then
    assert cell is not None, "a cell is in one of the two runs"
    verdict, reason = found
    return CellComparison(
        scenario=cell.scenario,
        arm=cell.arm,
        label=cell.label,
        concurrency=cell.concurrency,
        verdict=verdict,
        reason=reason,
        earlier=then.ratio if then else None,
        current=now.ratio if now else None,
    )


def _run(measured: Measured) -> Run:
    cells = measured.results.cells
    machine = cells[0].environment if cells else None
    return Run(
        file=measured.file,
        created_at=measured.results.created_at,
        host=machine.host if machine else None,
        commit=machine.commit if machine else None,
    )
