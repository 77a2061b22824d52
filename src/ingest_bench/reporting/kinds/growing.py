"""Scenarios whose baseline reads a smaller corpus: how the cost grows with the number of items."""

from __future__ import annotations

from ingest_bench.reporting.columns import Column
from ingest_bench.reporting.compare import Growth, growth
from ingest_bench.reporting.kinds.base import ScenarioKind
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.study import Study
from ingest_bench.reporting.view import View
from ingest_bench.reporting.wording import NOTHING, number, safe, sentence, times, whole


def grown(study: Study, view: View) -> str | None:
    """Say how the time grows with the number of items."""
    told = [_told(row, rate) for row in view.rows if (rate := growth(study, view, row))]
    return sentence("; ".join(told)) + "." if told else None


def _told(row: Row, rate: Growth) -> str:
    steep = "faster than linear" if rate.exponent > 1 else "slower than linear"
    shape = "linear" if rate.low <= 1 <= rate.high else steep
    told = f"(exponent {rate.exponent:.2f}, {rate.low:.2f} to {rate.high:.2f}: {shape})"
    return f"with {safe(row.name)}, {times(rate.times_items)} the items take {times(rate.times_time)} the time {told}"


def _columns(study: Study, view: View) -> list[Column]:
    def factor(row: Row) -> str:
        rate = growth(study, view, row)
        return f"{number(rate.times_time)} / {number(rate.times_items)}" if rate else NOTHING

    def exponent(row: Row) -> str:
        rate = growth(study, view, row)
        return f"{rate.exponent:.2f} ({rate.low:.2f} to {rate.high:.2f})" if rate else NOTHING

    return [
        Column("Items", lambda row: whole(row.items)),
        Column("Time / items grow", factor),
        Column("Exponent", exponent),
    ]


GROWTH = ScenarioKind(
    fits=lambda view: view.scenario.growing, answers=frozenset({"auto", "growth"}), columns=_columns, finding=grown
)
