"""What the stages of an ingest take when each runs alone, and which of them the whole waits for."""

from ingest_bench.analysis.bottleneck import Ablation, Diagnosis, corroborating_counters, diagnose
from ingest_bench.report.formatting import percent, safe
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.templating import text


def stages_alone(view: ScenarioView) -> str | None:
    """Name the bottleneck, what removing each stage could gain, what speaks for it, and what each stage takes alone."""
    diagnosis = diagnosed(view)
    if diagnosis is None:
        return None
    counters = corroborating_counters(view.baseline_samples, diagnosis.bottleneck, view.scenario.baseline.concurrency)
    shares = [
        f"{safe(row.name)} takes {percent(1 / ratio.median)} ({percent(1 / ratio.high)} to {percent(1 / ratio.low)})"
        for row in _measured(view)
        if (ratio := row.standing)
    ]
    return text("stages", "alone", diagnosis=diagnosis, counters=list(counters), shares=shares, view=view)


def diagnosed(view: ScenarioView) -> Diagnosis | None:
    """Find the bottleneck by what removing a stage gains; None where no stage was measured alone."""
    rows = _measured(view)
    return diagnose({_left_out(row): row.standing for row in rows}, view.noise) if rows else None


def _measured(view: ScenarioView) -> list[CellView]:
    return [row for row in view.rows if row.usable and not row.cell.is_null_cell]


def _left_out(row: CellView) -> Ablation:
    if row.arm.skip:
        return "no_output" if row.arm.skip == "output" else "no_consumer"
    return row.arm.record.stage or "no_think_time"
