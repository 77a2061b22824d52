"""`phase2_design.md`, put together and written, with the settings and the curves that belong to it."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from ingest_bench.config.models import Settings
from ingest_bench.errors import AggregationError
from ingest_bench.report.design.architecture import architecture, configuration
from ingest_bench.report.design.context import Story, prose
from ingest_bench.report.design.decision import decision, gist, options
from ingest_bench.report.design.evidence import evidence, problem
from ingest_bench.report.design.operations import failures, migration, risks, tests
from ingest_bench.report.design.recommended_yaml import recommended_yaml
from ingest_bench.report.figures import law_figures
from ingest_bench.report.formatting import point
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots.sheet import draw
from ingest_bench.report.text.overview import measured
from ingest_bench.report.text.recommendation import what_to_do
from ingest_bench.report.write import recaptioned
from ingest_bench.results.models import Results
from stac_ingest.core.atomic import write_atomically

TITLE = "# Phase 2: concurrent ingestion"
SECTIONS = (problem, evidence, options, decision, architecture, configuration, failures, tests, migration, risks)


def write_advice_files(
    *,
    results: Path | str,
    design: Path | str,
    recommended: Path | str,
    curves: Path | str,
    figures: Path | str,
    settings: Settings | None = None,
) -> None:
    """Read `benchmark_results.json` and write what follows from it, each file whole or not at all.

    Args:
        results: of a whole matrix or of a part of it.
        design: the Phase 2 design document.
        recommended: settings for `stac_ingest`, as YAML.
        curves: folder of the figures of the scaling law, a file for each scenario that it was fitted to.
        figures: folder of the report's figures, which the document points to.
        settings: whose titles and labels to use; those that were measured with when left out.

    Raises:
        AggregationError: the results are damaged, of another version, or hold cells that their configuration doesn't.
        OSError: there are no results, or a file can't be written.

    """
    found = _read(Path(results))
    found = recaptioned(found, settings) if settings else found
    folder, home = Path(curves), Path(design).parent
    folder.mkdir(parents=True, exist_ok=True)
    story = Story(ReportData.from_results(found), _seen_from(home, figures), _seen_from(home, curves))
    for figure in law_figures(story.study):
        write_atomically(folder / f"{figure.name}.svg", draw(figure))
    write_atomically(Path(design), render(story).encode())
    write_atomically(Path(recommended), recommended_yaml(story.modes, story.study.scenarios).encode())


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
    write_advice_files(
        results=results, design=design, recommended=recommended, curves=folder / "scaling", figures=folder / "figures"
    )
    told = what_to_do(ReportData.from_results(_read(results)))
    return [*(point(line) for line in told), str(design), str(recommended)]


def render_design(results: Results) -> str:
    """Write the design document that follows from results."""
    return render(Story(ReportData.from_results(results)))


def render(story: Story) -> str:
    """Write the text; prose brings no number of its own."""
    head = [
        TITLE,
        prose(f"**{gist(story)}**"),
        prose(
            measured(story.study),
            "Every figure below comes from that run; measure again, and this document is written anew.",
        ),
    ]
    return "\n\n".join([*head, *(write(story) for write in SECTIONS)]) + "\n"


def _read(path: Path) -> Results:
    try:
        return Results.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise AggregationError(
            f"{path}: damaged or of another version ({error.error_count()} faults); aggregate the cells again"
        ) from None


def _seen_from(home: Path, folder: Path | str) -> str:
    return Path(os.path.relpath(folder, home)).as_posix()
