"""The options weighed, and the decision."""

from __future__ import annotations

from collections.abc import Iterator

from ingest_bench.analysis.by_source_type import ModeRecommendation
from ingest_bench.analysis.recommend import CONFIDENCE, TOLERANCE
from ingest_bench.arms.layouts import API
from ingest_bench.report.design.context import ALONE, OPTION_NAMES, Story, points, prose, section, table
from ingest_bench.report.formatting import NOTHING, listed, percent, safe, sentence, speed_up, whole
from ingest_bench.report.model.certainty import MODE_NAMES, how_sure, pairs_needed, probability, share
from ingest_bench.report.text.recommendation import told
from stac_ingest.strategies import STRATEGIES


def gist(story: Story) -> str:
    """Say the decision in a sentence, and how far it is decided."""
    if not story.modes:
        return "Nothing can be decided: no cell of these results can be judged."
    one, alone = whole(1), [MODE_NAMES[mode] for mode in story.modes if mode not in story.concurrent]
    if story.strategies:
        what = f"Build {'; '.join(_built(story, name) for name in story.strategies)}"
        rest = f"; use {one} for {listed(alone)}" if alone else ""
    else:
        what, rest = f"Build none of the three options: use {one}", f" for {listed(alone)}"
    open_to = [f"{MODE_NAMES[mode]} ({pairs_needed(advice.verdict)})" for mode, advice in story.undecided.items()]
    doubt = (
        f" Undecided, so provisional, for {listed(open_to)}."
        if open_to
        else " Decided in every mode that was measured."
    )
    return f"{what}{rest}.{doubt}"


def options(story: Story) -> str:
    """Weigh the three options against each other and against doing one thing at a time, mode by mode."""
    parts = [points([f"**{name}**: {STRATEGIES[strategy].description}." for strategy, name in OPTION_NAMES.items()])]
    for mode, advice in story.modes.items():
        parts += [prose(f"**{MODE_NAMES[mode]}**, from {_deciding(advice)}:"), *_weighed(advice)]
    return section("Options weighed", parts)


def decision(story: Story) -> str:
    """State the decision, its rule, and how sure it is for each mode."""
    parts = [
        prose(f"**{gist(story)}**"),
        prose(
            f"The rule: of the ways that are within {percent(TOLERANCE)} of the best with "
            f"{percent(CONFIDENCE)} probability, the one with the lowest concurrency, then the simplest "
            "strategy. Where no way is that sure, the provisional choice is the simplest whose expected loss is below "
            f"{percent(TOLERANCE)}, or else the one that loses least, and the pairs that would settle it are "
            "counted from the spread of those taken."
        ),
        points([f"**{MODE_NAMES[mode]}**: {told(advice)}" for mode, advice in story.modes.items()]),
    ]
    missing = [name for mode, name in MODE_NAMES.items() if mode not in story.modes]
    parts += [prose(f"Not measured, so not decided: {listed(missing)}.")] if missing else []
    return section("Decision", parts)


def _built(story: Story, strategy: str) -> str:
    modes = [MODE_NAMES[mode] for mode, advice in story.concurrent.items() if advice.use_strategy == strategy]
    return f"{OPTION_NAMES[strategy]}, for {listed(modes)}"


def _deciding(advice: ModeRecommendation) -> str:
    return listed([f"*{safe(each.scenario.title)}*" for each in advice.deciding])


def _weighed(advice: ModeRecommendation) -> Iterator[str]:
    """Compare the best level of each strategy with one thing at a time."""
    best, verdict = advice.strategies(), advice.by_strategy()
    alone = best.get(ALONE)
    rows = []
    for strategy, key in best.items():
        option, chance = advice.options[key][0], verdict.chances.get(key)
        rows.append(
            [
                OPTION_NAMES.get(strategy, "One at a time"),
                whole(option.concurrency),
                NOTHING if alone is None or key == alone else speed_up(advice.versus(key, alone)),
                probability(chance.p_best if chance else 0.0),
                probability(chance.p_within_tolerance if chance else 0.0),
                share(chance.expected_loss) if chance else "out of the question",
                whole(max((each.memory_mib or 0.0 for each in advice.options[key]), default=None)),
            ]
        )
    yield table(["Way", "Best at", "Against one at a time", "Best", "Good", "Loss", "Memory (MiB)"], rows)
    unmeasured = [name for strategy, name in OPTION_NAMES.items() if strategy not in best]
    if advice.mode != API.name:
        unmeasured = [name for name in unmeasured if name != OPTION_NAMES["time_chunks"]]
    told_of = {key: option for key, option in advice.options_named.items() if key in best.values()}
    sure = how_sure(verdict, told_of)
    winner = advice.options[verdict.use][0].strategy if verdict.use else ALONE
    yield prose(
        f"{sentence(OPTION_NAMES.get(winner, 'one at a time'))}. {sure}",
        f"Not measured in all of these: {listed(unmeasured)}." if unmeasured else "",
    )
