"""What to use, mode by mode: the choice, how sure it is, its costs, where another is better; which strategy wins."""

from collections.abc import Iterator, Mapping, Sequence

from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.cpu_time import times_apart
from ingest_bench.analysis.race import CONFIDENCE
from ingest_bench.analysis.recommendations import ModeRecommendation, ScenarioRecommendation
from ingest_bench.report.blocks import Answer
from ingest_bench.report.formatting import duration, listed, pasted, safe, speed_up, whole
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.certainty import MODE_NAMES, how_sure, named
from ingest_bench.report.model.ranking import by_strategy, versus
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text
from stac_ingest.core.text import counted
from stac_ingest.strategies import STRATEGIES


def what_to_do(data: ReportData) -> list[str]:
    """Give a line for each mode that was measured: what to use, how sure that is, and its exceptions."""
    return [f"**{MODE_NAMES[mode]}**: {mode_text(advice)}" for mode, advice in data.modes.items()]


def mode_text(advice: ModeRecommendation) -> str:
    """Return what to use in a mode."""
    use = advice.use
    values = use and {
        "name": named(use),
        "settings": pasted({"concurrency": use.concurrency, **use.settings}),
        "gains": gains(advice),
        "sure": how_sure(advice.verdict, advice.options_named),
        "costs": costs(advice.chosen),
        "by_cpu_time": cpu_time_gains(advice),
    }
    return text(
        "recommendation",
        "mode",
        advice=advice,
        better_elsewhere=_choices(advice.better_elsewhere),
        chosen_elsewhere=_choices(advice.chosen_elsewhere),
        **(values or {}),
    )


def gains(advice: ModeRecommendation) -> list[str]:
    """Say how fast a choice is in each scenario that decided, against what that was compared with.

    Where the choice is what it was compared with, scenarios that had nothing to choose from say what it gains.
    """
    measured = zip(advice.deciding, advice.chosen, strict=True)
    kept = [scenario for scenario, option in measured if option.cell.is_null_cell]
    itself = [f"the baseline itself in {listed([f'*{safe(each.scenario.title)}*' for each in kept])}"] if kept else []
    return [*_faster(compared_with_others(advice)), *itself]


def compared_with_others(advice: ModeRecommendation) -> list[tuple[ScenarioRecommendation, Option]]:
    """Return where a choice is measured against something else: in scenarios that decided, else in other ones."""
    measured = zip(advice.deciding, advice.chosen, strict=True)
    return [each for each in measured if not each[1].cell.is_null_cell] or list(_elsewhere(advice))


def _faster(measured: Sequence[tuple[ScenarioRecommendation, Option]]) -> Iterator[str]:
    before = None
    for scenario, option in measured:
        if option.cell.standing:
            base = safe(scenario.scenario.baseline_label)
            named = "" if base == before else f" as fast as {base}"
            unlike = "" if option.cell.baseline_parity.ok else ", which does other work,"
            yield f"{speed_up(option.cell.standing)}{named}{unlike} in *{safe(scenario.scenario.title)}*"
            before = base


def _elsewhere(advice: ModeRecommendation) -> Iterator[tuple[ScenarioRecommendation, Option]]:
    for scenario in advice.others:
        option = scenario.options.get(advice.verdict.use or "")
        if option and not (option.cell.is_null_cell or scenario.scenario.growing or scenario.scenario.pipeline):
            yield scenario, option


def costs(options: Sequence[Option]) -> str:
    """Return what a choice costs in memory, CPU time and requests, the maximum of several scenarios."""
    memory = [option.memory_mib for option in options if option.memory_mib is not None]
    cpu = [option.cpu_s for option in options if option.cpu_s]
    requests = [option.requests for option in options if option.requests]
    parts = [f"{'up to ' if len(memory) > 1 else ''}{whole(max(memory))} MiB of memory"] if memory else []
    parts += [f"{'up to ' if len(cpu) > 1 else ''}{duration(max(cpu))} of CPU time"] if cpu else []
    parts += [f"{'up to ' if len(requests) > 1 else ''}{counted(max(requests), 'request')} a run"] if requests else []
    return listed(parts) or "an unknown amount of memory"


def cpu_time_gains(advice: ModeRecommendation) -> list[str]:
    """Give the gains of a choice by CPU time where it is the figure itself, and say where wall time disagrees."""
    found = []
    for scenario, option in compared_with_others(advice):
        if cpu := option.by_cpu_time:
            disagrees = ", and so disagrees with wall time," if times_apart(option.cell.standing, cpu) else ""
            found.append(f"{speed_up(cpu)}{disagrees} in *{safe(scenario.scenario.title)}*")
    return found


def _choices(scenarios: Sequence[ScenarioRecommendation]) -> list[str]:
    """Name scenarios, each with what is best there."""
    return [
        f"{named(other.use)}{'' if other.verdict.decided else ' (undecided)'} in *{safe(other.scenario.title)}*"
        for other in scenarios
        if other.use
    ]


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


def favoured(advice: ModeRecommendation) -> str:
    """Name the strategy that is chosen among the best of each, and those that can't be told from it."""
    verdict, strategies = advice.by_strategy(), {key: name for name, key in advice.strategies().items()}
    name = NAMES[strategies[verdict.use]] if verdict.use else "nothing"
    near = {key for key, chance in verdict.chances.items() if chance.p_within_tolerance > 1 - CONFIDENCE}
    alike = [name for key, name in strategies.items() if key in near and key != verdict.use]
    others = listed([NAMES[other] for other in alike])
    choice = f"{name}, from which {others} can't be told" if others else name
    return choice if verdict.decided else f"undecided, provisionally {choice}"


def _winner(view: ScenarioView, rows: Mapping[str, CellView]) -> str:
    top, *others = sorted(rows.values(), key=lambda row: -row.standing.median)
    leads = [f"{speed_up(versus(top, row))} as fast as {safe(row.name)}" for row in others]
    return f"*{safe(view.title)}*: {safe(top.name)}, {listed(leads)}."
