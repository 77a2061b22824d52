"""What the stages of an ingest take when each runs alone, and which of them the whole waits for."""

from __future__ import annotations

from ingest_bench.analysis.bottleneck import Ablation, Diagnosis, diagnose
from ingest_bench.analysis.counters import Corroboration, corroborating_counters
from ingest_bench.report.formatting import listed, number, percent, safe, sentence, speed_up
from ingest_bench.report.model.cell import Row
from ingest_bench.report.model.scenario import View


def stages_alone(view: View) -> str | None:
    """Name the bottleneck, what removing each stage could gain, what speaks for it, and what each stage takes alone."""
    rows, found = _measured(view), diagnosed(view)
    if found is None:
        return None
    alone = sentence("; ".join(_alone(row) for row in rows)) + f", of the time of {safe(view.baseline)}."
    return f"{bottleneck_told(found)} {_counters(view, found)} {alone}"


def diagnosed(view: View) -> Diagnosis | None:
    """Find the bottleneck by what removing a stage gains; None where no stage was measured alone."""
    rows = _measured(view)
    return diagnose({_left_out(row): row.standing for row in rows}, view.noise) if rows else None


def bottleneck_told(found: Diagnosis) -> str:
    """Name a bottleneck, with the most that removing each stage can give."""
    gains = listed([f"{speed_up(gain)} as fast without the {stage} stage" for stage, gain in found.gains.items()])
    named = "no single stage" if found.bottleneck == "mixed" else f"**{found.bottleneck}**"
    return f"The bottleneck is {named}: at most {gains}."


def _measured(view: View) -> list[Row]:
    return [row for row in view.rows if row.usable and not row.cell.is_null_cell]


def _counters(view: View, found: Diagnosis) -> str:
    counted = corroborating_counters(view.baseline_samples, found.bottleneck, view.scenario.baseline.concurrency)
    return sentence(f"counted meanwhile: {listed([_counter(each) for each in counted])}") + "."


def _counter(counter: Corroboration) -> str:
    speaks = {None: "", True: ", which fits", False: ", which speaks against it"}[counter.agrees]
    return f"{counter.name} {number(counter.value)} {counter.unit}{speaks}"


def _left_out(row: Row) -> Ablation:
    if row.arm.skip:
        return "no_output" if row.arm.skip == "output" else "no_consumer"
    return row.arm.record.stage or "no_think_time"


def _alone(row: Row) -> str:
    ratio = row.standing
    share, low, high = (percent(1 / part) for part in (ratio.median, ratio.high, ratio.low))
    return f"{safe(row.name)} takes {share} ({low} to {high})"
