"""From the design to the running thing: failures, tests, migration, risks."""

from __future__ import annotations

from collections.abc import Iterator

from ingest_bench.analysis.by_source_type import ModeRecommendation
from ingest_bench.arms.layouts import API
from ingest_bench.report.design.context import Story, points, prose, section, table
from ingest_bench.report.formatting import counted, listed, number, safe, speed_up, times, whole
from ingest_bench.report.kinds import DIRECTORY, RATE, of_kind
from ingest_bench.report.model.certainty import MODE_NAMES, pairs_needed, probability, share
from ingest_bench.report.model.columns import failures_told, lost, repeated
from ingest_bench.report.model.ranking import usable
from stac_ingest.config import IngestConfig
from stac_ingest.http.retries import TOO_MANY


def failures(story: Story) -> str:
    """Say what happens to what goes wrong, with what this run has seen of it."""
    fields = IngestConfig.model_fields
    tries = whole(fields["retry_attempts"].default)
    patience = number(fields["retry_seconds"].default)
    parts = [
        "**A bad file or item** is collected under its name and costs itself alone, at any concurrency.",
        (
            "**Checkpoints** record what the last stage has written. Workers finish in any order, so an item is looked "
            "up by its id, and there is no position to go on from; a failed item is tried again by the next run."
        ),
        "**A cancelled run** stops its workers, flushes the checkpoint, and leaves no half-written output.",
    ]
    if API.name in story.modes:
        parts += [
            (
                f"**A refusal ({whole(TOO_MANY)})** is waited for, up to {tries} tries and {patience} s a "
                "request, by all workers together; with `retry: none` it is a failure at once, and a later run "
                "brings it back."
            ),
            "**The same item from two chunks or pages** is delivered once, known by collection and id.",
        ]
    return section("Failures and checkpoints", [points(parts), *_seen(story)])


def tests(story: Story) -> str:
    """List what has to be shown before the design is in use."""
    rows = [
        [
            f"{MODE_NAMES[mode]}: {safe(option.label)} in {safe(scenario.scenario.title)}",
            speed_up(option.speedup),
            times(option.speedup.low),
        ]
        for mode, advice in story.modes.items()
        for scenario, option in zip(advice.deciding, advice.chosen, strict=True)
        if option.speedup and not option.cell.is_null_cell
    ]
    parts = [
        (
            "**Unit**: each strategy delivers every unit once, holds no more units than its concurrency and no more "
            "batches than its bound (by counting), raises a unit's error as it is, and ends all tasks when closed."
        ),
        (
            "**Integration**: the same set of items as one at a time, from files and from a server process, with "
            "broken files, refusals, a server that stops, and a run that is killed and resumed."
        ),
        "**Parity**: every sample's digest is compared with the corpus; a way that fails is not measured as fast.",
        f"**No regression at a concurrency of {whole(1)}**: the earlier run against the new one, cell by cell.",
    ]
    told = prose("**Performance**: the cells that the decision rests on, which a new run must not fall below:")
    return section("Test plan", [points(parts), *([told] if rows else []), table(["Cell", "Now", "At least"], rows)])


def migration(story: Story) -> str:
    """Say how a pipeline comes to use it."""
    default = IngestConfig.model_fields["concurrency"].default
    parts = [
        (
            f"Nothing changes by itself: the default is a concurrency of {whole(default)}, and settings of "
            "today are taken as they are."
        ),
        "Where one at a time is advised, the new reading is all there is to take; no setting is needed.",
    ]
    for mode, advice in story.concurrent.items():
        if advice.use:
            doubt = ", provisionally until it is decided" if mode in story.undecided else ""
            parts.append(f"{MODE_NAMES[mode]}: opt in with {safe(advice.use.label)}{doubt}.")
    parts += [
        "Consumers must not count on an order above that; downstream stages of this pipeline don't.",
        (
            "Roll out one pipeline first, compare its certificate with an earlier run's, then the others. To go back, "
            "take the setting out: checkpoints and outputs are the same either way."
        ),
    ]
    return section("Migration", [points(parts)])


def risks(story: Story) -> str:
    """List what can go wrong, what this run says of it, and what to do."""
    rows = [row for advice in story.modes.values() for row in _of_mode(advice)]
    rows += [*_of_memory(story), *_of_noise(story)]
    rows.append(
        [
            "Another machine or server than the one measured",
            "the figures belong to this one",
            "run the workflow there; the document is written anew",
        ]
    )
    return section("Risks", [table(["Risk", "What this run says", "What to do"], rows, words=3)])


def _seen(story: Story) -> Iterator[str]:
    told = []
    for view in of_kind(story.study, DIRECTORY):
        counts = [count for row in usable(view) if (count := failures_told(view, row))]
        if counts:
            right = sum(named == broken for named, broken in counts)
            told.append(
                f"*{safe(view.title)}*: {counted(counts[0][1], 'file')} are broken, and "
                f"{whole(right)} of {counted(len(counts), 'cell')} report as many."
            )
    for view in of_kind(story.study, RATE):
        refused = max((row.rate_limited or 0 for row in view.rows), default=0)
        gone = max((lost(view, row) or 0 for row in usable(view)), default=0)
        told.append(
            f"*{safe(view.title)}*: up to {counted(refused, 'refusal')} a run were met, and "
            f"{counted(max(gone, 0), 'item')} lost."
        )
    twice = sum(repeated(row) for view in story.study.views for row in usable(view))
    once = f"{counted(twice, 'item')} came twice and counted once" if twice else "No item came twice"
    told.append(f"{once}, in all runs that count.")
    yield prose("What this run has seen of it:")
    yield points(told)


def _of_mode(advice: ModeRecommendation) -> Iterator[list[str]]:
    chance, use = advice.verdict.chance, advice.use
    if chance is None or use is None:
        return
    if not advice.verdict.decided:
        yield [
            f"{MODE_NAMES[advice.mode]}: the provisional choice of {safe(use.label)} is wrong",
            (
                f"{probability(1 - chance.p_best)} that another is better, at a loss of "
                f"{share(chance.loss_if_not_best)} then"
            ),
            f"take {pairs_needed(advice.verdict)}",
        ]
    for other in advice.better_elsewhere:
        if other.use:
            yield [
                f"{MODE_NAMES[advice.mode]}: conditions as in {safe(other.scenario.title)}",
                f"a loss of {share(other.expected_loss(use.key))} against {safe(other.use.label)}",
                "use the settings of that scenario there",
            ]


def _of_memory(story: Story) -> Iterator[list[str]]:
    for mode, advice in story.concurrent.items():
        alone = story.alone(advice)
        peak = max((option.memory_mib or 0.0 for option in advice.chosen), default=0.0)
        if alone and alone.memory_mib and peak:
            yield [
                f"{MODE_NAMES[mode]}: memory grows with concurrency",
                f"{whole(alone.memory_mib)} MiB one at a time, up to {whole(peak)} MiB as advised",
                "bounded queues; lower the concurrency, or the page size, where memory is short",
            ]


def _of_noise(story: Story) -> Iterator[list[str]]:
    loud = [view for view in story.study.views if view.noise and not view.noise.low <= 1 <= view.noise.high]
    if loud:
        names = listed([f"*{safe(view.title)}*" for view in loud])
        yield [
            "The machine was not quiet",
            f"the baseline differs from itself beyond its interval in {names}",
            "measure these again before relying on them",
        ]
