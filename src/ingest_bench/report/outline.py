"""The report from its first screen to its last section, as content that is written as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ingest_bench.analysis.recommend import CONFIDENCE, TOLERANCE
from ingest_bench.calibration.models import Calibration
from ingest_bench.report.blocks import Block, Caution, Paragraph, Section
from ingest_bench.report.figures import choices_figure, overall_figure, scenario_figure
from ingest_bench.report.formatting import percent, safe
from ingest_bench.report.model.scenario import View
from ingest_bench.report.model.study import Study
from ingest_bench.report.text.calibration import calibration_section
from ingest_bench.report.text.environment import (
    environment_section,
    how_to_read,
    invalid_samples_section,
    notes_section,
    warnings_section,
)
from ingest_bench.report.text.findings import findings
from ingest_bench.report.text.first_screen import by_source, first_screen
from ingest_bench.report.text.overview import summary
from ingest_bench.report.text.questions import answers
from ingest_bench.report.text.scenario_setup import corpus_told, group_title
from ingest_bench.report.text.scenario_table import scenario_table

TITLE = "STAC ingest benchmark"
HOW_SURE = (
    f"The choice is the simplest way that is within {percent(TOLERANCE)} of the best with {percent(CONFIDENCE)} "
    "probability; until one is that sure, it is provisional. The probabilities are what the pairs leave possible: more "
    "pairs make them surer."
)


def whole_report(study: Study, calibration: Calibration | None = None) -> Section:
    """Arrange all that the report says, with what a calibration has found where there is one."""
    effects = overall_figure(study)
    sections = [
        Section("What to change", [*first_screen(study), *([effects] if effects else [])]),
        *_how_sure(study),
        Section("Source by source", by_source(study)),
        Section("All scenarios", summary(study)),
        Section("Answers", answers(study)),
        *_groups(study),
        Section("Warnings", [warnings_section(study)]),
        Section("Environment", environment_section(study)),
        Section("Invalid samples", [invalid_samples_section(study)]),
        Section("Remarks of samples", [notes_section(study)]),
        *([calibration_section(calibration)] if calibration else []),
        Section("How to read this", [how_to_read()]),
    ]
    return Section(TITLE, sections)


def _how_sure(study: Study) -> Iterator[Section]:
    figure = choices_figure(study)
    if figure:
        yield Section("How sure that is", [Paragraph(HOW_SURE), figure])


def _groups(study: Study) -> Iterator[Section]:
    ordered = sorted(study.views, key=lambda view: _first_of_group(study, view))
    for group, views in groupby(ordered, key=lambda view: view.scenario.group):
        yield Section(group_title(group), [_scenario(study, view) for view in views], f"group-{group}")


def _first_of_group(study: Study, view: View) -> int:
    groups = [each.scenario.group for each in study.views]
    return groups.index(view.scenario.group)


def _scenario(study: Study, view: View) -> Section:
    doubts = "; ".join(doubt.what for doubt in study.cautions if doubt.where == view.name)
    blocks: list[Block] = [
        Paragraph(corpus_told(view)),
        *scenario_table(study, view),
        Paragraph(f"**Findings:** {findings(study, view)}"),
        *([Caution(doubts)] if doubts else []),
        scenario_figure(study, view),
    ]
    return Section(safe(view.title), blocks, f"scenario-{view.name}")
