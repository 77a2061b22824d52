"""Compares a run with an earlier one, cell by cell."""

from collections.abc import Mapping
from itertools import chain

from ingest_bench.analysis.counters import COUNTERS, OF_SOFTWARE, counter_differences
from ingest_bench.analysis.cpu_time import Figure, figure_of
from ingest_bench.analysis.speedup import MIN_PAIRS
from ingest_bench.analysis.variance_moderation import VariancePrior, fit_variance_prior
from ingest_bench.comparison.between_run_variance import BetweenRunVariance, heterogeneity
from ingest_bench.comparison.comparability import (
    VerdictAndReason,
    comparability_warnings,
    loaded_runs,
    software_differs,
    untimed_verdict,
)
from ingest_bench.comparison.loaded_run import Key, LoadedRun, log_ratios
from ingest_bench.comparison.models import CellComparison, Comparison, CounterChange, Run, Witness
from ingest_bench.comparison.noise import drift_warnings, drifts, noises
from ingest_bench.comparison.verdicts import ALPHA, CONFIDENCE, METHOD, Difference, difference, factor, judge, witness
from ingest_bench.results.models import Cell

TIMES: tuple[Figure, Figure] = ("wall", "cpu")
HIGH_HETEROGENEITY = 1.1
"""A between-run factor that is larger is a warning."""


def compare(earlier: LoadedRun, current: LoadedRun) -> Comparison:
    """Give the verdicts on all cells of two runs; swapped, the runs give the opposite verdicts of their times."""
    noise, cpu_noise = noises(earlier, current), noises(earlier, current, "cpu")
    both = {key: (earlier.cells[key], cell) for key, cell in current.cells.items() if key in earlier.cells}
    figures = {key: figure_of(*(cell.samples for cell in cells)) for key, cells in both.items()}
    priors = {
        time: fit_variance_prior(
            logs
            for cell in chain(earlier.results.cells, current.results.cells)
            if len(logs := log_ratios(cell, time)) >= MIN_PAIRS
        )
        for time in TIMES
    }
    drift = list(drifts(earlier, current))
    software = software_differs(earlier, current)
    cells: dict[Key, CellComparison] = {}
    differences: dict[Key, Difference] = {}
    for key in dict.fromkeys(chain(current.cells, earlier.cells)):
        then, now = earlier.cells.get(key), current.cells.get(key)
        untimed = untimed_verdict(earlier, current, then, now)
        cells[key] = _cell(then, now, untimed or ("undecided", ""))
        if then and now and not untimed:
            figure = figures[key]
            differences[key] = difference(log_ratios(then, figure), log_ratios(now, figure), priors[figure])
            cells[key].figure = figure
            cells[key].witness = _witness(then, now, TIMES[figure == "wall"], priors)
            cells[key].counters = _counters(then, now, software)
    between = heterogeneity(list(differences.values()))
    judgements = judge(
        list(map(between.added_to, differences.values())),
        [(cpu_noise if figures[key] == "cpu" else noise)[key[0]].factor for key in differences],
    )
    disturbed = bool(loaded_runs(earlier, current))
    for key, judgement in zip(differences, judgements, strict=True):
        verdict, reason = judgement.verdict, judgement.reason
        if disturbed and verdict in ("worse", "better"):
            # That work may be the cause of the change.
            reason = f"{verdict} by its times, {reason}, but other work ran beside the measurement"
            verdict = "not comparable"
        if gate := [each for each in cells[key].counters if each.gate]:
            verdict, reason = "worse", f"counted: {'; '.join(map(told, gate))}"
        cells[key] = cells[key].model_copy(update={"verdict": verdict, "reason": reason, "change": judgement.change})
    return Comparison(
        method=METHOD,
        confidence=CONFIDENCE,
        alpha=ALPHA,
        earlier=_run(earlier),
        current=_run(current),
        between_run_factor=factor(between.overall.tau),
        warnings=[
            *comparability_warnings(earlier, current),
            *drift_warnings(drift, noise),
            *_heterogeneity_warnings(between.overall),
        ],
        cells=list(cells.values()),
        noise=list(noise.values()),
        drift=drift,
    )


def _witness(then: Cell, now: Cell, time: Figure, priors: Mapping[Figure, VariancePrior]) -> Witness | None:
    """Give the change by the other time, where it is known."""
    before, after = log_ratios(then, time), log_ratios(now, time)
    return witness(difference(before, after, priors[time])) if min(len(before), len(after)) >= MIN_PAIRS else None


def _counters(then: Cell, now: Cell, software: bool) -> list[CounterChange]:
    """List what is counted of the arm and has changed; other software explains all but requests."""
    sides = ([sample for sample in cell.samples if sample.role == "candidate"] for cell in (then, now))
    return [
        CounterChange(
            name=each.name,
            earlier=each.one,
            current=each.other,
            samples=each.samples,
            gate=each.more and not (software and each.name in OF_SOFTWARE),
        )
        for each in counter_differences(*sides)
    ]


def told(counter: CounterChange) -> str:
    """Say how a counter has changed."""
    return f"{COUNTERS[counter.name]} {counter.earlier:,} to {counter.current:,}"


def _heterogeneity_warnings(overall: BetweenRunVariance) -> list[str]:
    size = factor(overall.tau)
    text = (
        f"speed-ups moved by {size:.2f}x between the runs, beyond the variance of their pairs (between-run variance): "
        "other load differed between the runs, or many cells changed; smaller changes are not detected, so measure "
        "again while nothing else runs"
    )
    return [text] if size > HIGH_HETEROGENEITY else []


def _cell(then: Cell | None, now: Cell | None, result: VerdictAndReason) -> CellComparison:
    cell = now or then
    assert cell is not None, "a cell is in one of the two runs"
    verdict, reason = result
    return CellComparison(
        scenario=cell.scenario,
        arm=cell.arm,
        label=cell.label,
        concurrency=cell.concurrency,
        verdict=verdict,
        reason=reason,
        earlier=then.speedup if then else None,
        current=now.speedup if now else None,
    )


def _run(measured: LoadedRun) -> Run:
    cells = measured.results.cells
    machine = cells[0].environment if cells else None
    return Run(
        file=measured.file,
        created_at=measured.results.created_at,
        host=machine.host if machine else None,
        commit=machine.commit if machine else None,
    )
