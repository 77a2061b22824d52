"""The first screen: what to change in a pipeline, what that brings, and how sure it is."""

import math
from collections.abc import Sequence
from typing import Any

from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.recommendations import ModeRecommendation
from ingest_bench.analysis.speedup import median_of, relative_width
from ingest_bench.report.blocks import Block, Entry, Paragraph, Spread, Table
from ingest_bench.report.formatting import NOTHING, pasted, safe, speed_up, whole
from ingest_bench.report.kinds import KINDS, of_kind
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.certainty import MODE_NAMES, named, rivals
from ingest_bench.report.model.ranking import recommended, rival, same_as_baseline
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.warnings import FEW_PAIRS, NOISY
from ingest_bench.report.templating import text
from ingest_bench.report.text.recommendation import compared_with_others

Choice = tuple[ScenarioView, CellView]
TITLES = ("To read", "Set", "Speed", "How sure", "Peak memory", "Requests a run")
CHANGE, INSTEAD, KEEP = "change", "instead", "keep"
"""What is advised: a faster way, one in place of a baseline that delivers something else, or the baseline itself."""


def first_screen(data: ReportData) -> list[Block]:
    """Return what to set for each kind of source, and in a line how good the numbers are and why."""
    word, cells = quality(data), [cell for cell in data.results.cells if cell.unavailable is None]
    noise = median_of(noise for noise, _ in data.noises)
    right = sum(cell.parity.ok for cell in cells)
    few = sum(cell.speedup is None or cell.speedup.pairs <= FEW_PAIRS for cell in cells)
    quality_text = text(
        "first_screen",
        "quality",
        quality=word,
        noise=noise,
        data=data,
        cells=len(cells),
        right=right,
        few=few,
        few_pairs=FEW_PAIRS,
    )
    rows = [_row(mode, choice) for mode, choice in data.modes.items()] if advice(data) else []
    if not rows:
        nothing = Paragraph("Nothing can be recommended: no cell can be judged.")
        return [nothing, *_unsettled(data), Paragraph(quality_text)]
    table = Table("What to set, for each kind of source", TITLES, rows, frozenset({4, 5}))
    return [table, *_unsettled(data), Paragraph(quality_text), Paragraph(text("first_screen", "how_to_set"))]


def _unsettled(data: ReportData) -> list[Paragraph]:
    """Say which choices the budget ended too early, and what to do; nothing where it ended none."""
    if not data.results.rounds:
        return []
    last = data.results.rounds[-1]
    modes = [MODE_NAMES[mode] for mode, standing in last.modes.items() if standing.ended == "budget_spent"]
    return [Paragraph(text("first_screen", "unsettled", modes=modes, last=last))] if modes else []


def _row(mode: str, choice: ModeRecommendation) -> list[Entry]:
    """Return the fields of a mode: what to set, what that brings, how sure it is, and what it costs."""
    use = choice.use
    if use is None:
        nothing = Entry(NOTHING)
        return [Entry(MODE_NAMES[mode]), Entry("nothing yet"), nothing, Entry("too few pairs"), nothing, nothing]
    memory = [option.memory_mib for option in choice.chosen if option.memory_mib is not None]
    requests = [option.requests for option in choice.chosen if option.requests]
    return [
        Entry(MODE_NAMES[mode]),
        Entry(_settings_of(use)),
        _gain(choice),
        Entry(
            text("first_screen", "sure", verdict=choice.verdict, rivals=rivals(choice), chance=choice.verdict.chance)
        ),
        Entry(f"{whole(max(memory))} MiB", max(memory)) if memory else Entry(NOTHING),
        Entry(whole(max(requests)), max(requests)) if requests else Entry(NOTHING),
    ]


def _settings_of(use: Option) -> str:
    name = f"**{named(use)}**"
    return f"{name} ({pasted({'concurrency': use.concurrency, **use.settings})})" if use.own else name


def _gain(choice: ModeRecommendation) -> Entry:
    """Return how fast the choice is, in the scenario where it gains least."""
    pairs = [(option.cell, scenario) for scenario, option in compared_with_others(choice) if option.cell.standing]
    if not pairs:
        return Entry("the baseline's own: nothing to change", 1.0)
    cell, scenario = min(pairs, key=lambda each: each[0].standing.median if each[0].standing else 0.0)
    least = cell.standing
    assert least is not None, "those without are left out above"
    at_least = "at least " if len(pairs) > 1 else ""
    gain = f"{at_least}{speed_up(least)} as fast as {safe(scenario.scenario.baseline_label)}"
    unlike = "" if cell.baseline_parity.ok else ", which does other work"
    return Entry(f"{gain}{unlike}", least.median, Spread(least.low, least.median, least.high))


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
