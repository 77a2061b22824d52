"""The end of the report: warnings, machine, software, excluded samples, and the glossary."""

from __future__ import annotations

from collections import Counter

from ingest_bench.report.blocks import Block, BulletList
from ingest_bench.report.model.overhead import time_use
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.warnings import steal_share
from ingest_bench.report.templating import blocks, texts


def warnings_section(data: ReportData) -> list[Block]:
    """List every doubt with its likely cause and what to do."""
    return blocks("environment", "warnings", warnings=data.warnings)


def environment_section(data: ReportData) -> list[Block]:
    """Return the machines, the software and how busy the machines were."""
    cells = data.results.cells
    machines = list({cell.environment.model_dump_json(): cell.environment for cell in cells}.values())
    names = sorted({name for each in machines for name in each.packages})
    packages = {name: {each.packages[name] for each in machines if name in each.packages} for name in names}
    steal, use = max(map(steal_share, cells), default=0), time_use(data.results)
    values = {"machines": machines, "packages": packages, "steal": steal, "use": use, "seed": data.results.seed}
    return blocks("environment", "environment", cells=cells, **values)


def invalid_samples_section(data: ReportData) -> list[Block]:
    """List every invalid sample with its reason."""
    rows = [(view, row) for view in data.views for row in view.rows]
    excluded = [(view, row, sample) for view, row in rows for sample in row.cell.samples if sample.invalid]
    return blocks("environment", "excluded", excluded=excluded)


def notes_section(data: ReportData) -> list[Block]:
    """List what samples remarked, with how often."""
    notes = Counter(
        _kind_of_note(note) for cell in data.results.cells for sample in cell.samples for note in sample.notes
    )
    return blocks("environment", "notes", notes=notes.most_common(20))


def glossary() -> Block:
    """Return what the words and columns mean."""
    return BulletList(texts("environment", "glossary"))


def _kind_of_note(note: str) -> str:
    kinds = {
        "outlier": "outlier: its pair's ratio is far from the others",
        "think time off": "think time off: the server didn't sleep as long as it was asked to",
    }
    return next((told for begin, told in kinds.items() if note.startswith(begin)), note)
