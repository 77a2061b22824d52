"""What to do, mode by mode, in words: the choice, how sure it is, what it costs, and where another is better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest_bench.advice import ModeAdvice, ScenarioAdvice, Verdict, advise_modes
from ingest_bench.advice.options import Key, Option
from ingest_bench.advice.recommend import MOST_PAIRS, TOLERANCE
from ingest_bench.arms.layouts import SECTIONS
from ingest_bench.reporting.view import Study
from ingest_bench.reporting.wording import at_level, counted, listed, pasted, percent, safe, sentence, speed_up, whole

MODE_NAMES = {name: section.label for name, section in SECTIONS.items()}
SMALLEST = 0.01
"""A share below this, or as near to certainty, is not rounded to nothing, or to certainty."""


def what_to_do(study: Study) -> list[str]:
    """Give a line for each mode that was measured: what to use, how sure that is, and its exceptions."""
    return [f"**{MODE_NAMES[mode]}**: {told(advice)}" for mode, advice in advise_modes(study.results).items()]


def told(advice: ModeAdvice) -> str:
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


def named(option: Option) -> str:
    """Name an option so that it can stand in a list."""
    return safe(at_level(option.cell.label, option.concurrency))


def settings_of(option: Option) -> str:
    """Give what to paste for a way that can be set."""
    return f" ({pasted({'concurrency': option.concurrency, **option.settings})})" if option.own else ""


def gains(advice: ModeAdvice) -> str:
    """Say how fast a choice is in each scenario that decided, against what that was compared with.

    Where the choice is what it was compared with, scenarios that had nothing to choose from say what it gains.
    """
    measured = list(zip(advice.deciding, advice.chosen, strict=True))
    kept = [scenario for scenario, option in measured if option.cell.null]
    faster = [(scenario, option) for scenario, option in measured if not option.cell.null]
    itself = [f"the baseline itself in {listed([f'*{safe(each.scenario.title)}*' for each in kept])}"] if kept else []
    return listed([*_faster(faster or list(_elsewhere(advice))), *itself])


def _faster(measured: Sequence[tuple[ScenarioAdvice, Option]]) -> Iterator[str]:
    before = None
    for scenario, option in measured:
        if option.ratio:
            base = safe(baseline_of(scenario))
            named = "" if base == before else f" as fast as {base}"
            unlike = "" if option.cell.baseline_parity.ok else ", which does other work,"
            yield f"{speed_up(option.ratio)}{named}{unlike} in *{safe(scenario.scenario.title)}*"
            before = base


def _elsewhere(advice: ModeAdvice) -> Iterator[tuple[ScenarioAdvice, Option]]:
    for scenario in advice.others:
        option = scenario.options.get(advice.verdict.use or "")
        if option and not (option.cell.null or scenario.growing or scenario.scenario.pipeline):
            yield scenario, option


def baseline_of(advice: ScenarioAdvice) -> str:
    """Name the baseline of a scenario."""
    base = advice.scenario.baseline
    label = advice.scenario.arms[base.arm].label or base.arm.replace("_", " ")
    return f"{label} on {base.corpus}" if advice.growing else label


def how_sure(verdict: Verdict[Key], options: dict[Key, Option]) -> str:
    """Say whether it is decided, with which probability, what is lost if it is wrong, and what would settle it."""
    chance = verdict.chance
    if chance is None:
        return ""
    if len(options) == 1:
        return "Nothing else that can be set was measured."
    near = f"{probability(chance.enough)} to be within {percent(TOLERANCE)} of it"
    odds = f"{probability(chance.best)} likely to be the best, {near}"
    loss = f"expected to lose {share(chance.loss)} of the throughput"
    loss += f", or {share(chance.loss_if_not_best)} if another is better" if chance.best < 1 else ""
    if verdict.decided:
        return f"Decided: {odds}; {loss}."
    rivals = listed([named(options[key]) for key in verdict.rivals])
    return f"**Undecided** against {rivals}: {odds}; {loss}. {sentence(pairs_needed(verdict))} would settle it."


def pairs_needed(verdict: Verdict[Key]) -> str:
    """Say how many more pairs would settle a choice."""
    if verdict.more_pairs is None:
        return f"more than {counted(MOST_PAIRS, 'more pair')} of each"
    return f"about {counted(verdict.more_pairs, 'more pair')} of each"


def costs(options: Sequence[Option]) -> str:
    """Say what a choice costs in memory and requests, the most of several scenarios."""
    memory = [option.memory_mb for option in options if option.memory_mb is not None]
    requests = [option.requests for option in options if option.requests]
    parts = [f"{'up to ' if len(memory) > 1 else ''}{whole(max(memory))} MB of memory"] if memory else []
    parts += [f"{'up to ' if len(requests) > 1 else ''}{counted(max(requests), 'request')} a run"] if requests else []
    return listed(parts) or "an unknown amount of memory"


def apart(scenarios: Sequence[ScenarioAdvice]) -> str:
    """Name scenarios, each with what is best there."""
    return "; ".join(
        f"{named(other.use)}{'' if other.verdict.decided else ' (undecided)'} in *{safe(other.scenario.title)}*"
        for other in scenarios
        if other.use
    )


def probability(value: float) -> str:
    """Write a probability; one that is not quite certain is not written as if it were."""
    if 1 - SMALLEST < value < 1:
        return f"over {percent(1 - SMALLEST)}"
    return share(value)


def share(value: float) -> str:
    """Write a share; one that is not quite nothing is not written as if it were."""
    return f"under {percent(SMALLEST)}" if 0 < value < SMALLEST else percent(value)
