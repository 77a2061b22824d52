"""The figure of a scenario: which plots belong to what it asks, side by side in one file."""

from collections.abc import Callable, Sequence

from ingest_bench.report.blocks import Drawing, Figure
from ingest_bench.report.kinds import kind_of
from ingest_bench.report.model.certainty import MODE_NAMES
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.tools import Task
from ingest_bench.report.plots import bars, lines, tools
from ingest_bench.report.plots.bars import latency
from ingest_bench.report.plots.drift import drift
from ingest_bench.report.plots.gains import effects
from ingest_bench.report.plots.probabilities import chances, choice

ALL, CHOICES, TOOLS = "all-scenarios", "all-choices", "all-tools"
"""Names of the figures of several scenarios; no scenario can be called so."""
FURTHER: tuple[Callable[[ScenarioView], Drawing | None], ...] = (choice, latency, drift)
"""Plots of any scenario whose data allow them."""


def scenario_figure(data: ReportData, view: ScenarioView) -> Figure:
    """Draw what a scenario has shown."""
    further = [drawing for draw in FURTHER if (drawing := draw(view))]
    levels = _has_levels(view)
    usual = lines.throughput(view, data.laws(view)) if levels else bars.ways(view)
    asked = kind_of(view).drawings(view) or [usual, lines.memory_lines(view) if levels else bars.memory_bars(view)]
    return Figure(view.name, alternative_text(view), [*asked, *further], view.title)


def overall_figure(data: ReportData) -> Figure | None:
    """Draw the recommended ways of all scenarios; None where nothing is recommended."""
    drawing = effects(data)
    alternative = "All scenarios: speed-up of the recommended way, with intervals"
    return Figure(ALL, alternative, [drawing], "All scenarios") if drawing else None


def choices_figure(data: ReportData) -> Figure | None:
    """Draw how sure the choice of each mode is; None where nothing was to be chosen from."""
    drawn = [
        chances(MODE_NAMES[mode], MODE_NAMES[mode], advice.verdict, advice.options_named)
        for mode, advice in data.modes.items()
        if len(advice.options) > 1
    ]
    alternative = "Probability of each way to be the best, and what it loses if it is not"
    return Figure(CHOICES, alternative, drawn, "How sure the choices are") if drawn else None


def tools_figure(tasks: Sequence[Task]) -> Figure:
    """Draw how long every tool takes against the baseline, a plot for each task."""
    alternative = "Tools compared: wall time of every tool over the baseline's, task by task"
    bounds = [bound for task in tasks for row in task.rows if row.ratio for bound in (row.ratio.low, row.ratio.high)]
    return Figure(TOOLS, alternative, [tools.drawing(task, bounds) for task in tasks], "Tools compared")


def law_figures(data: ReportData) -> list[Figure]:
    """Draw throughput by concurrency for each scenario that a scaling law was fitted to, with its curve and band."""
    fitted = [(view, laws) for view in data.views if (laws := data.laws(view))]
    return [Figure(view.name, "", [lines.throughput(view, laws)], view.title) for view, laws in fitted]


def alternative_text(view: ScenarioView) -> str:
    """Say in words what the figure of a scenario shows."""
    usual = "throughput by concurrency" if _has_levels(view) else "speed-up of every way"
    return f"{view.title}: {kind_of(view).shows or usual}, with memory"


def _has_levels(view: ScenarioView) -> bool:
    """Whether some arm was measured at several levels of concurrency."""
    arms = [row.cell.arm for row in view.rows]
    return len(set(arms)) < len(arms)
