"""Which of the design options (semaphore, queue, time chunks) the data favour, per mode."""

from __future__ import annotations

from collections.abc import Mapping

from ingest_bench.analysis.recommend import CONFIDENCE
from ingest_bench.analysis.recommendations import ModeRecommendation
from ingest_bench.report.blocks import Answer
from ingest_bench.report.formatting import listed, safe, speed_up
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.certainty import MODE_NAMES
from ingest_bench.report.model.ranking import by_strategy, versus
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from stac_ingest.strategies import STRATEGIES

NAMES = {
    info.name: f"option {info.simplicity} ({info.label.removeprefix('a ')})" if info.workers else info.label
    for info in STRATEGIES.values()
}
_CHOICE = 2
"""A mode or scenario that has fewer strategies says nothing about which to choose."""


def option_favoured(data: ReportData) -> Answer:
    """Return for each mode which option is advised, and what each scenario that decides shows of it."""
    modes = {mode: advice for mode, advice in data.modes.items() if len(advice.strategies()) >= _CHOICE}
    gist = [f"{MODE_NAMES[mode]}: {favoured(advice)}" for mode, advice in modes.items()]
    deciding = {each.name for advice in modes.values() for each in advice.deciding}
    return ". ".join(gist) + "." if gist else "", [
        _winner(view, rows)
        for view in data.views
        if view.name in deciding and len(rows := by_strategy(view)) >= _CHOICE
    ]


def favoured(found: ModeRecommendation) -> str:
    """Name the strategy that is chosen among the best of each, and those that can't be told from it."""
    verdict, strategies = found.by_strategy(), {key: name for name, key in found.strategies().items()}
    name = NAMES[strategies[verdict.use]] if verdict.use else "nothing"
    alike = [strategies[key] for key in verdict.contenders if verdict.chances[key].p_within_tolerance > 1 - CONFIDENCE]
    others = listed([NAMES[other] for other in alike])
    told = f"{name}, from which {others} can't be told" if others else name
    return told if verdict.decided else f"undecided, provisionally {told}"


def _winner(view: ScenarioView, rows: Mapping[str, CellView]) -> str:
    top, *others = sorted(rows.values(), key=lambda row: -row.standing.median)
    leads = [f"{speed_up(versus(top, row))} as fast as {safe(row.name)}" for row in others]
    return f"*{safe(view.title)}*: {safe(top.name)}, {listed(leads)}."
