"""The first screen: what to change in a pipeline, what that brings, and how sure it is."""

import math
from collections.abc import Sequence
from typing import Any

from ingest_bench.analysis.speedup import median_of, relative_width
from ingest_bench.report.blocks import Block, BulletList, Paragraph
from ingest_bench.report.formatting import pasted
from ingest_bench.report.kinds import KINDS, of_kind
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import recommended, rival, same_as_baseline
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.warnings import FEW_PAIRS, NOISY
from ingest_bench.report.templating import text
from ingest_bench.report.text.recommendation import what_to_do

Choice = tuple[ScenarioView, CellView]
CHANGE, INSTEAD, KEEP = "change", "instead", "keep"
"""What is advised: a faster way, one in place of a baseline that delivers something else, or the baseline itself."""


def first_screen(data: ReportData) -> list[Block]:
    """Return how good the numbers are, what to do, how sure that is and why."""
    lines, cells, word = what_to_do(data) if advice(data) else [], data.results.cells, quality(data)
    noise = median_of(noise for noise, _ in data.noises)
    right = sum(cell.parity.ok for cell in cells)
    few = sum(cell.speedup is None or cell.speedup.pairs <= FEW_PAIRS for cell in cells)
    reasons = text("first_screen", "reasons", quality=word, data=data, right=right, few=few, few_pairs=FEW_PAIRS)
    return [
        Paragraph(text("first_screen", "quality", quality=word, noise=noise, lines=lines)),
        BulletList(lines) if lines else Paragraph("Nothing can be recommended: no cell can be judged."),
        Paragraph(reasons),
    ]


def advice(data: ReportData) -> list[str]:
    """Return a line for each thing that a pipeline reads, the largest effect first."""
    subjects = [
        (kind.subject, [(view, row) for view in of_kind(data, kind) if (row := recommended(view))])
        for kind in KINDS
        if kind.subject
    ]
    known = sorted(((subject, choices) for subject, choices in subjects if choices), key=lambda each: -_effect(each[1]))
    return [text("first_screen", "advice", subject=subject, parts=_parts(choices)) for subject, choices in known]


def quality(data: ReportData) -> str:
    """Judge the numbers: good where no scenario is noisy, fair where at most half of them are, else poor."""
    noises = [view.noise for view in data.views if view.noise]
    noisy = sum(relative_width(noise) > NOISY for noise in noises)
    return "good" if noises and not noisy else "fair" if 2 * noisy <= len(noises) and noises else "poor"


def _parts(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """Group the choices of a subject: changes by their effect, then what replaces a baseline, then what is kept."""
    groups: dict[tuple[str, ...], list[Choice]] = {}
    for view, row in choices:
        if _gains(view, row):
            other = rival(view)
            key: tuple[str, ...] = (CHANGE, row.name, _settings(row), other.name if other else "")
        elif not row.cell.baseline_parity.ok:
            key = (INSTEAD, view.name)
        else:
            key = (KEEP, str(same_as_baseline(view, row)))
        groups.setdefault(key, []).append((view, row))
    # The names of the kinds are in the order in which they are told.
    ordered = sorted(groups.items(), key=lambda each: (each[0][0], -_effect(each[1])))
    return [
        {
            "kind": kind,
            "choices": group,
            "row": group[0][1],
            "settings": _settings(group[0][1]),
            "alike": same_as_baseline(*group[0]),
            "rival": rival(group[0][0]),
            "several": len(group) < len(choices),
        }
        for (kind, *_), group in ordered
    ]


def _settings(row: CellView) -> str:
    return pasted({"concurrency": row.level, **row.arm.settings})


def _gains(view: ScenarioView, row: CellView) -> bool:
    return row.standing.median > 1 and not same_as_baseline(view, row)


def _effect(choices: Sequence[Choice]) -> float:
    return max(math.log(row.standing.median) if _gains(view, row) else 0.0 for view, row in choices)
