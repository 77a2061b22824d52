"""Scenarios that read files, and those whose baseline reads a smaller corpus."""

from ingest_bench.analysis.speedup import median_of
from ingest_bench.report.formatting import NOTHING, number, safe, sentence, whole
from ingest_bench.report.kinds.base import ScenarioKind, ingests
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import Column, failures_reported
from ingest_bench.report.model.ranking import best, growth, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text


def _failures(_: ReportData, view: ScenarioView) -> list[Column]:
    def counts(row: CellView) -> str:
        reported = failures_reported(view, row)
        return f"{reported[0]:,} / {reported[1]:,}" if reported else whole(row.median(lambda sample: sample.failures))

    return [Column("Failures / broken", counts)]


def _broken_files(_: ReportData, view: ScenarioView) -> str | None:
    """Return whether exactly the broken files are collected as failures."""
    counts = [(row, count) for row in view.rows if (count := failures_reported(view, row))]
    if not counts:
        return None
    wrong = [f"{safe(row.name)} ({named} of {broken})" for row, (named, broken) in counts if named != broken]
    bad = [safe(row.name) for row, _ in counts if not row.cell.parity.ok]
    return text("kinds", "failures", wrong=wrong, bad=bad, broken=counts[0][1][1])


def _parsing(_: ReportData, view: ScenarioView) -> str | None:
    """Return what parsing costs in memory, and how long the first item takes."""
    top = best(usable(view))
    first = top.median(lambda sample: sample.first_item_s) if top else None
    before = median_of(sample.first_item_s for sample in view.baseline_samples)
    return None if first is None else text("kinds", "parsing", view=view, top=top, first=first, before=before)


FILES = ScenarioKind(
    fits=lambda view: ingests(view, "item_files"),
    subject="Item files",
    answers=frozenset({"bound", "concurrency", "processes"}),
)
CATALOG = ScenarioKind(
    fits=lambda view: ingests(view, "catalog"),
    subject="A static catalog",
    answers=frozenset({"bound", "concurrency"}),
)
DIRECTORY = ScenarioKind(
    fits=lambda view: ingests(view, "items_directory"),
    subject="A collection folder",
    answers=frozenset({"bound", "concurrency", "processes"}),
    columns=_failures,
    finding=_broken_files,
)
GEOPARQUET = ScenarioKind(
    fits=lambda view: ingests(view, "geoparquet"),
    subject="GeoParquet",
    answers=frozenset({"bound", "concurrency"}),
    columns=lambda _study, _view: [
        Column("Overhead (MiB)", lambda row: whole(row.overhead_mib)),
        Column("First item (s)", lambda row: number(row.median(lambda sample: sample.first_item_s))),
    ],
    finding=_parsing,
)


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
