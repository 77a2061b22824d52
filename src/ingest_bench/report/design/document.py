"""Writes the files that follow from results: the design document, its curves, and the recommended settings."""

import os
from pathlib import Path

from pydantic import ValidationError

from ingest_bench.config.models import Settings
from ingest_bench.errors import AggregationError
from ingest_bench.report.design.render import design_document, recommended_settings
from ingest_bench.report.figures import law_figures
from ingest_bench.report.formatting import point
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots.axes import draw
from ingest_bench.report.text.recommendation import what_to_do
from ingest_bench.report.write import recaptioned
from ingest_bench.results.models import Results
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted


def write_advice_files(
    *,
    results: Path | str,
    design: Path | str,
    recommended: Path | str,
    curves: Path | str,
    figures: Path | str,
    settings: Settings | None = None,
) -> ReportData:
    """Read `benchmark_results.json` and write what follows from it, each file whole or not at all.

    Args:
        results: of a whole matrix or of a part of it.
        design: the Phase 2 design document.
        recommended: settings for `stac_ingest`, as YAML.
        curves: folder of the figures of the scaling law, a file for each scenario that it was fitted to.
        figures: folder of the report's figures, which the document points to.
        settings: whose titles and labels to use; those that were measured with when left out.

    Returns:
        What the files were made from.

    Raises:
        AggregationError: the results are damaged, of another version, or hold cells that their configuration doesn't.
        OSError: there are no results, or a file can't be written.

    """
    measured = _read(Path(results))
    study = ReportData.from_results(recaptioned(measured, settings) if settings else measured)
    seen = [Path(os.path.relpath(folder, Path(design).parent)).as_posix() for folder in (figures, curves)]
    Path(curves).mkdir(parents=True, exist_ok=True)
    for figure in law_figures(study):
        write_atomically(Path(curves) / f"{figure.name}.svg", draw(figure))
    write_atomically(Path(design), design_document(study, *seen).encode())
    write_atomically(Path(recommended), recommended_settings(study).encode())
    return study


def advise_folder(folder: Path) -> list[str]:
    """Write what follows from the results in a folder into it, and say in words what to do.

    Raises:
        AggregationError: there are no results, or they can't be used.
        OSError: a file can't be written.

    """
    results = folder / "benchmark_results.json"
    if not results.is_file():
        raise AggregationError(f"{results}: not there; run the workflow first, or name its folder with --results")
    design, recommended = folder / "phase2_design.md", folder / "recommended_ingest.yaml"
    study = write_advice_files(
        results=results, design=design, recommended=recommended, curves=folder / "scaling", figures=folder / "figures"
    )
    return [*map(point, what_to_do(study)), str(design), str(recommended)]


def _read(path: Path) -> Results:
    try:
        return Results.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise AggregationError(
            f"{path}: damaged or of another version ({counted(error.error_count(), 'fault')}); "
            "aggregate the cells again"
        ) from None
