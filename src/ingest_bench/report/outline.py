"""The report from its first screen to its last section, as content that is written as Markdown and as HTML."""

from collections.abc import Sequence

from ingest_bench.analysis.race import CONFIDENCE
from ingest_bench.calibration.models import Calibration
from ingest_bench.report.blocks import Block, BulletList, Paragraph, Section, WarningNote
from ingest_bench.report.figures import choices_figure, overall_figure, scenario_figure
from ingest_bench.report.formatting import percent, safe
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.tools import Task, compared
from ingest_bench.report.templating import blocks, texts
from ingest_bench.report.text.first_screen import advice, first_screen
from ingest_bench.report.text.overview import (
    environment_section,
    invalid_samples_section,
    notes_section,
    summary,
    warnings_section,
)
from ingest_bench.report.text.own_source import TITLE as TITLE_OF_SOURCE
from ingest_bench.report.text.own_source import own_source
from ingest_bench.report.text.questions import answers
from ingest_bench.report.text.recommendation import what_to_do
from ingest_bench.report.text.rounds import rounds_text
from ingest_bench.report.text.scenario import corpus_text, findings, group_title, scenario_table
from ingest_bench.report.text.tools import tools_section

TITLE = "STAC ingest benchmark"
HOW_SURE = (
    f"The choice is the cheapest way that is shown, at {percent(CONFIDENCE)}, to lose no more than {{tolerance}} "
    "against every other; a dearer one has to be faster beyond noise. Until one is that sure, it is provisional. The "
    "probabilities are what the pairs leave possible: more pairs make them surer."
)


def whole_report(
    data: ReportData, calibration: Calibration | None = None, tasks: Sequence[Task] | None = None
) -> Section:
    """Arrange all that the report says.

    Args:
        data: of the run.
        calibration: what a calibration has found, where there is one.
        tasks: what tools are compared by, where another run's are among them; those of this run otherwise.

    """
    effects, changes = overall_figure(data), advice(data)
    tools = tools_section(compared(data) if tasks is None else tasks)
    groups: dict[str, list[Section]] = {}
    for view in data.views:
        groups.setdefault(view.scenario.group, []).append(_scenario(data, view))
    own = own_source(data)
    sections = [
        *([Section(TITLE_OF_SOURCE, own)] if own else []),
        Section("Recommendations", [*first_screen(data), *([effects] if effects else [])]),
        *([tools] if tools else []),
        *([Section("Confidence", sure)] if (sure := _confidence(data)) else []),
        Section("By source", [BulletList(changes) if changes else Paragraph("No cell can be judged.")]),
        Section("Summary", summary(data)),
        Section("Questions answered", answers(data)),
        *(Section(group_title(group), scenarios, f"group-{group}") for group, scenarios in groups.items()),
        Section("Warnings", warnings_section(data)),
        Section("Environment", environment_section(data)),
        Section("Excluded samples", invalid_samples_section(data)),
        Section("Sample notes", notes_section(data)),
        *([Section("Known answers", blocks("calibration", "answers", record=calibration))] if calibration else []),
        Section("Glossary and method", [BulletList(texts("environment", "glossary"))]),
    ]
    return Section(TITLE, sections)


def _confidence(data: ReportData) -> list[Block]:
    """Return how sure the choices are, and what was measured to that end."""
    choices = choices_figure(data)
    sure: list[Block] = (
        [Paragraph(HOW_SURE.format(tolerance=percent(data.settings.tolerance))), choices] if choices else []
    )
    lines = what_to_do(data)
    return [*([BulletList(lines)] if lines else []), *sure, *rounds_text(data)]


def _scenario(data: ReportData, view: ScenarioView) -> Section:
    doubts = "; ".join(doubt.what for doubt in data.warnings if doubt.where == view.name)
    blocks: list[Block] = [
        Paragraph(corpus_text(view)),
        *scenario_table(data, view),
        Paragraph(f"**Findings:** {findings(data, view)}"),
        *([WarningNote(doubts)] if doubts else []),
        scenario_figure(data, view),
    ]
    return Section(safe(view.title), blocks, f"scenario-{view.name}")
