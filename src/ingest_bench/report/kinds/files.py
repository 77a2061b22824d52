"""Scenarios that read files: JSON, a collection folder, GeoParquet."""

from __future__ import annotations

from ingest_bench.analysis.speedup import median_of
from ingest_bench.report.formatting import counted, duration, listed, number, safe, whole
from ingest_bench.report.kinds.base import ScenarioKind, ingests
from ingest_bench.report.model.cell import Row
from ingest_bench.report.model.columns import Column, failures_told
from ingest_bench.report.model.ranking import best, usable
from ingest_bench.report.model.scenario import View
from ingest_bench.report.model.study import Study


def _failures(_: Study, view: View) -> list[Column]:
    def text(row: Row) -> str:
        told = failures_told(view, row)
        return f"{told[0]:,} / {told[1]:,}" if told else whole(row.median(lambda sample: sample.failures))

    return [Column("Failures / broken", text)]


def _broken_files(_: Study, view: View) -> str | None:
    """Say whether exactly the broken files are collected as failures."""
    told = [(row, count) for row in view.rows if (count := failures_told(view, row))]
    if not told:
        return None
    wrong = [f"{safe(row.name)} ({named} of {broken})" for row, (named, broken) in told if named != broken]
    broken = told[0][1][1]
    if wrong:
        return f"Broken files are not collected as they should be by {listed(wrong)}."
    bad = [safe(row.name) for row, _ in told if not row.cell.parity.ok]
    if bad:
        return f"The numbers of failures are right, but {listed(bad)} failed the comparison with the corpus."
    return f"Every way collects exactly the {counted(broken, 'broken file')} as failures."


def _parsing(_: Study, view: View) -> str | None:
    """Say what parsing costs in memory, and how long the first item takes."""
    top = best(usable(view))
    first = top.median(lambda sample: sample.first_item_s) if top else None
    if top is None or first is None:
        return None
    before = median_of(sample.first_item_s for sample in view.baseline_samples)
    kept = (
        f" ({duration(before)} with {safe(view.baseline)})" if before is not None and not top.cell.is_null_cell else ""
    )
    cost = f"parsing takes {whole(top.overhead_mib)} MiB on top"
    return f"With {safe(top.name)}, {cost}, and the first item comes after {duration(first)}{kept}."


FILES = ScenarioKind(
    fits=lambda view: ingests(view, "item_files"),
    subject="Item files",
    answers=frozenset({"bound", "concurrency", "processes"}),
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
