"""Scenarios whose baseline reads a smaller corpus: how the cost grows with the number of items."""

from __future__ import annotations

from ingest_bench.report.formatting import NOTHING, number, sentence, whole
from ingest_bench.report.kinds.base import ScenarioKind
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import Column
from ingest_bench.report.model.ranking import growth
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text


def grown(data: ReportData, view: ScenarioView) -> str | None:
    """Return how the time grows with the number of items."""
    rates = [(row, growth(data, view, row)) for row in view.rows]
    parts = [text("kinds", "growth", row=row, growth=rate) for row, rate in rates if rate]
    return sentence("; ".join(parts)) + "." if parts else None


def _columns(data: ReportData, view: ScenarioView) -> list[Column]:
    def factor(row: CellView) -> str:
        rate = growth(data, view, row)
        return f"{number(rate.times_time)} / {number(rate.times_items)}" if rate else NOTHING

    def exponent(row: CellView) -> str:
        rate = growth(data, view, row)
        if rate is None:
            return NOTHING
        return f"{rate.exponent.value:.2f} ({rate.exponent.low:.2f} to {rate.exponent.high:.2f})"

    return [
        Column("Items", lambda row: whole(row.items)),
        Column("Time / items grow", factor),
        Column("Exponent", exponent),
    ]


GROWTH = ScenarioKind(
    fits=lambda view: view.scenario.growing, answers=frozenset({"auto", "growth"}), columns=_columns, finding=grown
)
