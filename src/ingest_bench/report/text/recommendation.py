"""What to do, mode by mode, in words: the choice, how sure it is, what it costs, and where another is better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest_bench.analysis.by_scenario import ScenarioRecommendation
from ingest_bench.analysis.by_source_type import ModeRecommendation
from ingest_bench.analysis.candidates import Option
from ingest_bench.report.formatting import counted, listed, pasted, safe, speed_up, whole
from ingest_bench.report.model.certainty import MODE_NAMES, how_sure, named
from ingest_bench.report.model.study import Study


def what_to_do(study: Study) -> list[str]:
    """Give a line for each mode that was measured: what to use, how sure that is, and its exceptions."""
    return [f"**{MODE_NAMES[mode]}**: {told(advice)}" for mode, advice in study.modes.items()]


def told(advice: ModeRecommendation) -> str:
    """Say what to use in a mode."""
    use = advice.use
    if use is None:
        return "nothing can be recommended, since no way that can be set has enough valid pairs."
    now = "" if advice.verdict.decided else "for now "
    sure = how_sure(advice.verdict, advice.options_named)
    parts = [f"{now}{chosen(use)}{settings_of(use)}: {gains(advice)}.", *([sure] if sure else [])]
    parts.append(f"It takes {costs(advice.chosen)}.")
    parts += [f"Better elsewhere: {apart(advice.better_elsewhere)}."] if advice.better_elsewhere else []
    parts += [f"Chosen from other ways: {apart(advice.chosen_elsewhere)}."] if advice.chosen_elsewhere else []
    return " ".join(parts)


def chosen(option: Option) -> str:
    """Name a choice; that nothing needs to run side by side is one."""
    alone = ", so no concurrency" if option.strategy == "sequential" else ""
    pages = f", {counted(option.page_size, 'item')} a page" if option.page_size else ""
    return f"use **{named(option)}**{alone}{pages}"


def settings_of(option: Option) -> str:
    """Give what to paste for a way that can be set."""
    return f" ({pasted({'concurrency': option.concurrency, **option.settings})})" if option.own else ""


def gains(advice: ModeRecommendation) -> str:
    """Say how fast a choice is in each scenario that decided, against what that was compared with.

    Where the choice is what it was compared with, scenarios that had nothing to choose from say what it gains.
    """
    measured = list(zip(advice.deciding, advice.chosen, strict=True))
    kept = [scenario for scenario, option in measured if option.cell.is_null_cell]
    faster = [(scenario, option) for scenario, option in measured if not option.cell.is_null_cell]
    itself = [f"the baseline itself in {listed([f'*{safe(each.scenario.title)}*' for each in kept])}"] if kept else []
    return listed([*_faster(faster or list(_elsewhere(advice))), *itself])


def _faster(measured: Sequence[tuple[ScenarioRecommendation, Option]]) -> Iterator[str]:
    before = None
    for scenario, option in measured:
        if option.speedup:
            base = safe(scenario.scenario.baseline_label)
            named = "" if base == before else f" as fast as {base}"
            unlike = "" if option.cell.baseline_parity.ok else ", which does other work,"
            yield f"{speed_up(option.speedup)}{named}{unlike} in *{safe(scenario.scenario.title)}*"
            before = base


def _elsewhere(advice: ModeRecommendation) -> Iterator[tuple[ScenarioRecommendation, Option]]:
    for scenario in advice.others:
        option = scenario.options.get(advice.verdict.use or "")
        if option and not (option.cell.is_null_cell or scenario.scenario.growing or scenario.scenario.pipeline):
            yield scenario, option


def costs(options: Sequence[Option]) -> str:
    """Say what a choice costs in memory and requests, the most of several scenarios."""
    memory = [option.memory_mib for option in options if option.memory_mib is not None]
    requests = [option.requests for option in options if option.requests]
    parts = [f"{'up to ' if len(memory) > 1 else ''}{whole(max(memory))} MiB of memory"] if memory else []
    parts += [f"{'up to ' if len(requests) > 1 else ''}{counted(max(requests), 'request')} a run"] if requests else []
    return listed(parts) or "an unknown amount of memory"


def apart(scenarios: Sequence[ScenarioRecommendation]) -> str:
    """Name scenarios, each with what is best there."""
    return "; ".join(
        f"{named(other.use)}{'' if other.verdict.decided else ' (undecided)'} in *{safe(other.scenario.title)}*"
        for other in scenarios
        if other.use
    )
