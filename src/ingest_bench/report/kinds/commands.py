"""Scenarios of whole commands: what they take from the start of their process to its end."""

from collections.abc import Callable

from ingest_bench.analysis.speedup import is_sequential, speed_up
from ingest_bench.report.formatting import NOTHING, number, safe, whole
from ingest_bench.report.formatting import speed_up as written
from ingest_bench.report.kinds.base import ScenarioKind
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import Column
from ingest_bench.report.model.ranking import usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text
from ingest_bench.results.models import Sample, Speedup

MEASURES: dict[str, Callable[[Sample], float]] = {
    "wall": lambda sample: sample.wall_s / sample.items,
    "cpu": lambda sample: (sample.cpu_user_s + sample.cpu_system_s) / sample.items,
    "memory": lambda sample: sample.peak_rss_mib,
}
"""What is compared; times per item, as a baseline may read another corpus."""


def times_baseline(row: CellView, measure: str) -> Speedup | None:
    """Give what a row takes of something over what the baseline does, pair by pair; None where that isn't known."""
    value, level = MEASURES[measure], row.cell.speedup.confidence if row.cell.speedup else 0.95
    base, mine = ({sample.pair: value(sample) for sample in side} for side in (row.baseline_samples, row.samples))
    ratios = [mine[pair] / base[pair] for pair in sorted(mine.keys() & base.keys()) if mine[pair] > 0 < base[pair]]
    return speed_up(ratios, level, sequential=is_sequential(row.cell.stop_reason))


def _columns(_: ReportData, _view: ScenarioView) -> list[Column]:
    def over(measure: str) -> Callable[[CellView], str]:
        return lambda row: NOTHING if row.cell.is_null_cell else written(times_baseline(row, measure))

    return [
        Column("Wall / baseline", over("wall")),
        Column("CPU (s)", lambda row: number(row.median(lambda sample: sample.cpu_user_s + sample.cpu_system_s))),
        Column("CPU / baseline", over("cpu")),
        Column("Memory / baseline", over("memory")),
        Column("Items", lambda row: whole(row.items)),
    ]


def versus_baseline(view: ScenarioView) -> str | None:
    """Return what each command takes of time, computing and memory over the baseline."""
    parts = [
        text("kinds", "command", name=safe(row.name), view=view, **ratios)
        for row in usable(view)
        if not row.cell.is_null_cell and all((ratios := {key: times_baseline(row, key) for key in MEASURES}).values())
    ]
    return " ".join(parts) or None


COMMANDS = ScenarioKind(
    fits=lambda view: view.scenario.of_commands,
    answers=frozenset({"commands"}),
    columns=_columns,
    finding=lambda _, view: versus_baseline(view),
)
