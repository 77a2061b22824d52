"""Writes `benchmark_report.md`, `benchmark_report.html`, `comparison.html` and the figures."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from ingest_bench.calibration.models import Calibration, read_calibration
from ingest_bench.config.matrix import cells as matrix_cells
from ingest_bench.config.models import Settings
from ingest_bench.errors import AggregationError
from ingest_bench.report.blocks import Block, Figure, Section
from ingest_bench.report.html.comparison import comparison_page
from ingest_bench.report.html.document import page
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.tools import compared
from ingest_bench.report.outline import whole_report
from ingest_bench.report.plots.axes import draw
from ingest_bench.report.text.overview import measured
from ingest_bench.results.models import LONGER, Results
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted


def write_report_files(
    settings: Settings,
    *,
    results: Path | str,
    report: Path | str,
    html: Path | str,
    figures: Path | str,
    comparison: Path | str,
) -> None:
    """Read `benchmark_results.json` and write the report and its figures, with the captions that the settings have now.

    Raises:
        AggregationError: the results hold cells that their configuration doesn't, or another record beside them is
            damaged.
        pydantic.ValidationError: the results are damaged or of another version.

    """
    write_report(
        recaptioned(Results.model_validate_json(Path(results).read_bytes()), settings),
        Path(report),
        Path(html),
        Path(figures),
        calibration=read_calibration(Path(results).parent),
        comparison=Path(comparison),
        longer=read_longer(Path(results).parent),
    )


def read_longer(folder: Path) -> Results | None:
    """Read the results of a longer run beside those in a folder; None where there are none.

    Raises:
        AggregationError: they are damaged or of another version.

    """
    path = folder / LONGER
    if not path.is_file():
        return None
    try:
        return Results.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise AggregationError(
            f"{path}: damaged or of another version ({counted(error.error_count(), 'fault')}); "
            "run `make long` again or remove it"
        ) from None


def write_report(
    results: Results,
    report: Path,
    html: Path,
    figures: Path,
    *,
    calibration: Calibration | None = None,
    comparison: Path | None = None,
    longer: Results | None = None,
) -> None:
    """Write the report in both forms, and a figure for each scenario; each file whole or not at all.

    Args:
        results: of a whole matrix or of a part of it.
        report: the Markdown file.
        html: the HTML file, which needs nothing beside it.
        figures: folder of the SVG files, named after the scenarios.
        calibration: what `make calibrate` has found, if it was run.
        comparison: the page that compares tools, if it is wanted.
        longer: results of a longer run, whose commands are compared beside those of this one.

    Raises:
        AggregationError: the results hold cells that their configuration doesn't.

    """
    data = ReportData.from_results(results)
    runs = [data, *([ReportData.from_results(longer)] if longer else [])]
    tasks = compared(*runs)
    content = whole_report(data, calibration, tasks)
    figures.mkdir(parents=True, exist_ok=True)
    for figure in figures_of(content.blocks):
        write_atomically(figures / f"{figure.name}.svg", draw(figure))
    write_atomically(report, f"{markdown([content], os.path.relpath(figures, report.parent))}\n".encode())
    write_atomically(html, page(content).encode())
    if comparison:
        write_atomically(comparison, comparison_page(tasks, [measured(run) for run in runs]).encode())


def figures_of(blocks: Sequence[Block]) -> Iterator[Figure]:
    """List the figures of content, in their order."""
    for block in blocks:
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Section):
            yield from figures_of(block.blocks)


def recaptioned(results: Results, settings: Settings) -> Results:
    """Put the titles and labels of these settings in the place of those that were measured with."""
    config = settings.model_dump(mode="json")
    labels = {(spec.scenario, spec.arm): spec.label for spec in matrix_cells(settings)}
    cells = [
        cell.model_copy(update={"label": labels.get((cell.scenario, cell.arm), cell.label)}) for cell in results.cells
    ]
    return results.model_copy(update={"config": config, "cells": cells})
