"""How sure a choice is, in words."""

from ingest_bench.analysis.candidates import Key, Option
from ingest_bench.analysis.race import CONFIDENCE
from ingest_bench.analysis.recommend import MAX_PAIRS, Verdict
from ingest_bench.analysis.recommendations import ModeRecommendation
from ingest_bench.analysis.speedup import INTERVAL_PAIRS
from ingest_bench.report.formatting import at_level, listed, percent, safe, sentence
from stac_ingest.core.text import counted
from stac_ingest.sources.kind import KINDS

MODE_NAMES = {kind.name: kind.label for kind in KINDS.values()}
SMALLEST = 0.01
"""A share below this, or as near to certainty, is not rounded to nothing, or to certainty."""


def named(option: Option) -> str:
    """Name an option so that it can stand in a list."""
    return safe(at_level(option.cell.label, option.concurrency))


def how_sure(verdict: Verdict[Key], options: dict[Key, Option]) -> str:
    """Say whether it is decided, with which probability, what is lost if it is wrong, and what would settle it."""
    chance = verdict.chance
    if chance is None:
        return ""
    if len(options) == 1 and not verdict.rivals:
        return "Nothing else that can be set was measured."
    near = f"{probability(chance.p_within_tolerance)} to be within {percent(verdict.tolerance)} of it"
    odds = f"{probability(chance.p_best)} likely to be the best, {near}"
    loss = f"expected to lose {share(chance.expected_loss)} of the throughput"
    loss += f", or {share(chance.loss_if_not_best)} if another is better" if chance.p_best < 1 else ""
    if verdict.decided:
        return f"Decided, {shown(verdict)}: {odds}; {loss}."
    against = f"**Undecided** against {_rivals(verdict, options)}, {shown(verdict)}: {odds}; {loss}."
    return f"{against} {sentence(pairs_needed(verdict))} would settle it."


def shown(verdict: Verdict[Key]) -> str:
    """Say what the choice is shown to lose at most."""
    level = percent(CONFIDENCE)
    if verdict.loss <= 0:
        return f"shown at {level} to be the fastest"
    if verdict.loss >= 1:
        return "of which no bound can be given yet"
    return f"shown at {level} to lose no more than {share(verdict.loss)}"


def rivals(advice: ModeRecommendation) -> str:
    """Name the options of a mode that its choice is not shown to beat."""
    return _rivals(advice.verdict, advice.options_named)


def _rivals(verdict: Verdict[Key], options: dict[Key, Option]) -> str:
    names = [named(options[key]) for key in verdict.rivals if key in options]
    few = len(verdict.rivals) - len(names)
    return listed([*names, *([counted(few, "way") + " with too few pairs"] if few else [])])


def pairs_needed(verdict: Verdict[Key]) -> str:
    """Say how many more pairs would settle a choice."""
    if any(verdict.rivals) and verdict.loss >= 1:
        return f"{counted(INTERVAL_PAIRS, 'pair')} of each, at least,"
    if verdict.more_pairs is None:
        return f"more than {counted(MAX_PAIRS, 'more pair')} of each"
    return f"about {counted(verdict.more_pairs, 'more pair')} of each"


def probability(value: float) -> str:
    """Write a probability; one that is not quite certain is not written as if it were."""
    if 1 - SMALLEST < value < 1:
        return f"over {percent(1 - SMALLEST)}"
    return share(value)


def share(value: float) -> str:
    """Write a share; one that is not quite nothing is not written as if it were."""
    return f"under {percent(SMALLEST)}" if 0 < value < SMALLEST else percent(value)
