"""How likely each way is the best, and what it loses if it is not."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from ingest_bench.analysis.candidates import Key as OptionKey
from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.recommend import MIN_PROBABILITY, Chance, Verdict
from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import listed, percent, sentence
from ingest_bench.report.model.certainty import how_sure, named, probability, share
from ingest_bench.report.model.ranking import advised
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.plots.axes import EDGE, WIDTH, Key, coloured, rows
from ingest_bench.report.plots.scales import Scale
from ingest_bench.report.plots.svg import box, line, words
from stac_ingest.core.text import counted

THIN, STEP = 9.0, 15.0
"""Height of a bar, and from one to the next."""
_FREE = 62.0
"""Room at the end of bars for their number."""
_BEST, _LOSS = 0, 1
"""Colours."""
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_NAMED = 3


def chances(subject: str, title: str, verdict: Verdict[OptionKey], options: Mapping[OptionKey, Option]) -> Drawing:
    """Draw the probability of each way to be the best, and what it is expected to lose where another is better.

    Args:
        subject: what is chosen for; foreign text.
        title: of the drawing.
        verdict: on the options.
        options: all that could be chosen, cheapest first.

    """
    scale = Scale(0.0, 1.0, EDGE + 3, WIDTH - EDGE - _FREE, log=False, ticks=_TICKS)
    chosen = " (the choice)" if verdict.decided else " (provisional)"
    names = [f"{options[key].label}{chosen if key == verdict.use else ''}" for key in verdict.chances]
    canvas, middles = rows(names, scale, deep=2 * STEP, text=percent)
    for chance, y in zip(verdict.chances.values(), middles, strict=True):
        canvas.add(*_bars(scale, y, chance))
    near = f"to be within {percent(verdict.tolerance)} of the best"
    keys = [
        Key("box", "to be the best", _BEST),
        Key("whisker", near),
        Key("box", "expected loss if another is the best", _LOSS),
    ]
    return canvas.drawing(title, f"{subject}: probability of each way to be the best", shows(verdict, options), keys)


def choice(view: ScenarioView) -> Drawing | None:
    """Draw how sure the choice of a scenario is; None where there is nothing to choose from."""
    if not view.scenario.choosable or len((advice := advised(view)).verdict.chances) <= 1:
        return None
    return chances(view.title, "Probability to be the best", advice.verdict, advice.options)


def shows(verdict: Verdict[OptionKey], options: Mapping[OptionKey, Option]) -> str:
    """Say how sure the choice is, and which ways have no chance."""
    use = "" if verdict.use is None else f"{sentence(named(options[verdict.use]))}. "
    names = [named(options[key]) for key in verdict.left_out]
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], counted(len(names) - _NAMED, "other way")]
    hopeless = f" Under {percent(MIN_PROBABILITY)} to be as good: {listed(names)}." if names else ""
    return f"{use}{how_sure(verdict, dict(options))}{hopeless}"


def _bars(scale: Scale, y: float, chance: Chance) -> Sequence[Element]:
    first, second = y - STEP / 2, y + STEP / 2
    lost = chance.loss_if_not_best
    return [
        coloured(_BEST, box(scale(0.0), first - THIN / 2, scale(chance.p_best) - scale(0.0), THIN, "fill")),
        line(scale(chance.p_best), first, scale(chance.p_within_tolerance), first, "whisker"),
        words(scale(max(chance.p_best, chance.p_within_tolerance)) + 5, first + 4, probability(chance.p_best)),
        coloured(_LOSS, box(scale(0.0), second - THIN / 2, scale(lost) - scale(0.0), THIN, "fill")),
        words(scale(lost) + 5, second + 4, share(lost)),
    ]
