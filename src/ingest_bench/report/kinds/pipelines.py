"""Scenarios of whole pipelines (ingest, transform, output), and of their stages alone."""

from collections.abc import Sequence

from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import NOTHING, percent, safe
from ingest_bench.report.kinds.base import ScenarioKind
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import Column
from ingest_bench.report.model.ranking import best, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.stages import diagnosed, stages_alone
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots import bars
from ingest_bench.report.plots.gains import removal
from ingest_bench.report.templating import text


def _columns(_: ReportData, view: ScenarioView) -> list[Column]:
    names = list(dict.fromkeys(name for row in view.rows for name in row.stages))
    return [*map(_share, names), Column("Output equal", _output_equal)]


def _output_equal(row: CellView) -> str:
    if not row.samples:
        return NOTHING
    return "yes" if row.cell.parity.ok else "no"


def _share(name: str) -> Column:
    return Column(name.capitalize(), lambda row: percent(row.stage_shares.get(name)))


def _stages(_: ReportData, view: ScenarioView) -> str | None:
    """Say which stage takes the most time, and whether what was written is the same set in any order."""
    top = best(usable(view))
    if top is None or not top.stage_shares:
        return None
    shares = sorted(top.stage_shares.items(), key=lambda stage: -stage[1])
    rest = [f"{other} {percent(part)}" for other, part in shares[1:]]
    bad = [safe(row.name) for row in view.rows if not row.cell.parity.ok]
    return text("kinds", "stage_shares", top=top, shares=shares, rest=rest, bad=bad)


def _removed(view: ScenarioView) -> Sequence[Drawing]:
    diagnosis = diagnosed(view)
    return [removal(view, diagnosis), bars.memory_bars(view)] if diagnosis else []


MIXED = ScenarioKind(
    fits=lambda view: view.scenario.pipeline is not None,
    subject="Ingest, transform, output",
    answers=frozenset({"stages"}),
    columns=_columns,
    finding=_stages,
    drawings=lambda view: [bars.stages(view), bars.ways(view), bars.memory_bars(view)],
    shows="seconds of each pipeline stage",
)
STAGES = ScenarioKind(
    fits=lambda view: view.scenario.of_stages,
    answers=frozenset({"removal"}),
    finding=lambda _, view: stages_alone(view),
    drawings=_removed,
    shows="what removing each stage gains at most",
)
