"""The end of the report: warnings, machine, software, excluded samples, and the glossary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ingest_bench.report.blocks import Block, BulletList, Paragraph, Table, entries
from ingest_bench.report.formatting import NOTHING, counted, safe
from ingest_bench.report.model.overhead import time_use
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.warnings import steal_share
from ingest_bench.report.templating import paragraphs, texts
from ingest_bench.results.models import Environment

NONE = Paragraph("None.")


def warnings_section(data: ReportData) -> Block:
    """List every doubt with its likely cause and what to do."""
    rows = [entries([safe(doubt.where or "all"), doubt.what, doubt.cause, doubt.remedy]) for doubt in data.warnings]
    return Table("Warnings", ["Scenario", "What", "Likely cause", "What to do"], rows) if rows else NONE


def environment_section(data: ReportData) -> list[Block]:
    """Return the machines, the software and how busy the machines were."""
    cells = data.results.cells
    machines = list({cell.environment.model_dump_json(): cell.environment for cell in cells}.values())
    titles = ["", *(safe(each.host) for each in machines)]
    rows = [entries([name, *(value(each) for each in machines)]) for name, value in _FACTS.items()]
    names = sorted({name for each in machines for name in each.packages})
    packages = {name: {each.packages[name] for each in machines if name in each.packages} for name in names}
    steal, use = max(map(steal_share, cells), default=0), time_use(data.results)
    told = {"cells": cells, "packages": packages, "steal": steal, "use": use, "seed": data.results.seed}
    return [Table("Machines", titles, rows), *paragraphs("environment", "environment", **told)]


def invalid_samples_section(data: ReportData) -> Block:
    """List every invalid sample with its reason."""
    rows = [
        entries([view.name, safe(row.name), str(sample.pair), sample.role, safe(sample.invalid)])
        for view in data.views
        for row in view.rows
        for sample in row.cell.samples
        if sample.invalid
    ]
    return Table("Excluded samples", ["Scenario", "Cell", "Pair", "Side", "Reason"], rows) if rows else NONE


def notes_section(data: ReportData) -> Block:
    """List what samples remarked, with how often."""
    notes = Counter(
        _kind_of_note(note) for cell in data.results.cells for sample in cell.samples for note in sample.notes
    )
    told = [f"{safe(note)} ({counted(count, 'sample')})" for note, count in notes.most_common(20)]
    return BulletList(told) if told else NONE


def glossary() -> Block:
    """Return what the words and columns mean."""
    return BulletList(texts("environment", "glossary"))


_FACTS: dict[str, Callable[[Environment], str]] = {
    "Processor": lambda each: safe(each.cpu_model),
    "Cores": lambda each: str(each.cores) + (f", {each.cpu_limit:g} allowed" if each.cpu_limit else ""),
    "Governor": lambda each: safe(each.governor or NOTHING),
    "Memory (GB)": lambda each: (
        f"{each.memory_gib:g}" + (f", {each.memory_limit_gib:g} allowed" if each.memory_limit_gib else "")
    ),
    "Container": lambda each: safe(each.container or "none"),
    "Kernel": lambda each: safe(each.kernel),
    "File system": lambda each: safe(each.filesystem or NOTHING),
    "Python": lambda each: safe(each.python),
    "Commit": lambda each: safe(each.commit or NOTHING),
}


def _kind_of_note(note: str) -> str:
    kinds = {
        "outlier": "outlier: its pair's ratio is far from the others",
        "think time off": "think time off: the server didn't sleep as long as it was asked to",
    }
    return next((told for begin, told in kinds.items() if note.startswith(begin)), note)
