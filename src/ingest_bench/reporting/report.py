"""Writes `benchmark_report.md` and its figures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from ingest_bench.jobs import write_atomically
from ingest_bench.matrix import cells as matrix_cells
from ingest_bench.reporting.answers import answers
from ingest_bench.reporting.cautions import caution_line
from ingest_bench.reporting.environment import (
    environment_section,
    how_to_read,
    notes_section,
    voids_section,
    warnings_section,
)
from ingest_bench.reporting.figures import alternative_text, draw
from ingest_bench.reporting.findings import findings
from ingest_bench.reporting.setting import corpus_told, group_title
from ingest_bench.reporting.summary import summary
from ingest_bench.reporting.tables import scenario_table
from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.what_to_do import what_to_do
from ingest_bench.reporting.wording import paragraph, point, safe
from ingest_bench.results import Results
from ingest_bench.settings import Settings


def write_report_files(settings: Settings, *, results: Path | str, report: Path | str, figures: Path | str) -> None:
    """Read `benchmark_results.json` and write the report and its figures, with the captions that the settings have now.

    Raises:
        AggregationError: the results hold cells that their configuration doesn't.
        pydantic.ValidationError: the results are damaged or of another version.

    """
    found = Results.model_validate_json(Path(results).read_bytes())
    write_report(recaptioned(found, settings), Path(report), Path(figures))


def write_report(results: Results, report: Path, figures: Path) -> None:
    """Write the report, and a figure for each scenario; each file whole or not at all.

    Args:
        results: of a whole matrix or of a part of it.
        report: the Markdown file.
        figures: folder of the SVG files, named after the scenarios.

    Raises:
        AggregationError: the results hold cells that their configuration doesn't.

    """
    study = Study.of(results)
    figures.mkdir(parents=True, exist_ok=True)
    for view in study.views:
        write_atomically(figures / f"{view.name}.svg", draw(view))
    text = render(study, os.path.relpath(figures, report.parent))
    write_atomically(report, text.encode())


def render(study: Study, figures: str) -> str:
    """Write the text of the report; `figures` is the folder of the figures, seen from it."""
    sections = [
        ("# STAC ingest benchmark", summary(study)),
        ("## What to do", "\n".join(map(point, what_to_do(study)))),
        ("## Answers", answers(study)),
        *_groups(study, figures),
        ("## Warnings", warnings_section(study)),
        ("## Environment", environment_section(study)),
        ("## Void samples", voids_section(study)),
        ("## Remarks of samples", notes_section(study)),
        ("## How to read this", how_to_read()),
    ]
    return "\n\n".join(f"{heading}\n\n{body}" for heading, body in sections) + "\n"


def recaptioned(results: Results, settings: Settings) -> Results:
    """Put the titles and labels of these settings in the place of those that were measured with."""
    config = settings.model_dump(mode="json")
    labels = {(spec.scenario, spec.arm): spec.label for spec in matrix_cells(settings)}
    cells = [
        cell.model_copy(update={"label": labels.get((cell.scenario, cell.arm), cell.label)}) for cell in results.cells
    ]
    return results.model_copy(update={"config": config, "cells": cells})


def _groups(study: Study, figures: str) -> Iterator[tuple[str, str]]:
    ordered = sorted(study.views, key=lambda view: _first_of_group(study, view))
    for group, views in groupby(ordered, key=lambda view: view.scenario.group):
        yield f"## {group_title(group)}", "\n\n".join(_scenario(study, view, figures) for view in views)


def _first_of_group(study: Study, view: View) -> int:
    groups = [each.scenario.group for each in study.views]
    return groups.index(view.scenario.group)


def _scenario(study: Study, view: View, figures: str) -> str:
    doubts = caution_line(view)
    parts = [
        f"### {safe(view.title)}",
        paragraph(corpus_told(view)),
        scenario_table(study, view),
        paragraph(f"**Findings:** {findings(study, view)}"),
        *([paragraph(f"**Caution:** {doubts}.")] if doubts else []),
        f"![{safe(alternative_text(view))}]({quote(f'{figures}/{view.name}.svg')})",
    ]
    return "\n\n".join(parts)
