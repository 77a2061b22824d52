"""Problem and evidence: what is slow today, what was measured, and how it scales."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from ingest_bench.analysis.by_scenario import ScenarioRecommendation
from ingest_bench.analysis.recommend import CONFIDENCE, TOLERANCE
from ingest_bench.analysis.speedup import median_of
from ingest_bench.analysis.usl import TooFew, Usl
from ingest_bench.report.design.context import Story, between, points, prose, section, table
from ingest_bench.report.figures import alternative_text
from ingest_bench.report.formatting import (
    NOTHING,
    counted,
    listed,
    number,
    percent,
    safe,
    sentence,
    speed_up,
    times,
    whole,
)
from ingest_bench.report.model.certainty import MODE_NAMES, probability, share
from ingest_bench.report.text.bottleneck import EVIDENCE, circumstances


def problem(story: Story) -> str:
    """Say what ingesting costs today, mode by mode, and what is asked of the design."""
    return section(
        "Problem",
        [
            prose(
                "The ingest module takes one item after another, from files as from an API, and a large collection "
                "takes as long as its items do one by one. This is what is compared with, as this run measured it:"
            ),
            points([_today(story, advice) for mode in story.modes.values() for advice in mode.deciding]),
            prose(
                "The design has to say, for each mode, whether concurrency helps, which of three ways to drive it, how "
                "many workers, and how much memory. Items may come in any order; a bad item costs itself alone; a run "
                "goes on where it was stopped; and the simplest way that is as good is the one to build."
            ),
        ],
    )


def evidence(story: Story) -> str:
    """Show what was measured: the choice in each scenario, what bounds it, how it scales, how noisy it was."""
    return section(
        "Evidence",
        [
            prose(
                "Speed-ups are paired ratios against the scenario's baseline with",
                f"{percent(CONFIDENCE)} intervals. *Best* is the probability that the choice is the best of the "
                f"ways that can be set, *good* that it is within {percent(TOLERANCE)} of it, and *loss* the "
                "share of the best throughput that it is expected to lack. Cells whose items were not those of the "
                "corpus, or that have no valid pairs, are never chosen.",
            ),
            _choices(story),
            _refused(story),
            *_bounds(story),
            *_scaling(story),
            *_growth(story),
            _noise(story),
            *_figures(story),
        ],
    )


def _today(story: Story, advice: ScenarioRecommendation) -> str:
    view = story.view(advice.name)
    rate = median_of(sample.items / sample.wall_s for sample in view.baseline_samples)
    memory = median_of(sample.peak_rss_mib for sample in view.baseline_samples)
    name = safe(advice.scenario.baseline_label)
    same_mode = [other.name for other in story.study.scenarios if other.mode == advice.mode]
    large = max((row.items or 0.0 for name in same_mode for row in story.view(name).rows), default=0.0)
    if not rate:
        return f"{MODE_NAMES[advice.mode]}, *{safe(advice.scenario.title)}*: {name} has no usable sample."
    return (
        f"{MODE_NAMES[advice.mode]}, *{safe(advice.scenario.title)}*: {name} delivers {whole(rate)} items "
        f"a second with {whole(memory)} MiB; at that pace the largest collection of this mode here, "
        f"{counted(large, 'item')}, takes {number(large / rate)} s."
    )


def _choices(story: Story) -> str:
    rows = []
    for advice in story.study.scenarios:
        use, chance = advice.use, advice.verdict.chance
        if use is None or chance is None:
            rows.append([safe(advice.scenario.title), "nothing usable", *[NOTHING] * 8])
            continue
        status = "only way" if len(advice.options) == 1 else advice.verdict.status
        rows.append(
            [
                safe(advice.scenario.title),
                safe(use.label),
                status,
                whole(use.page_size),
                speed_up(use.speedup) if not use.cell.is_null_cell else "baseline",
                probability(chance.p_best),
                probability(chance.p_within_tolerance),
                share(chance.expected_loss),
                whole(use.memory_mib),
                whole(use.requests),
            ]
        )
    titles = ["Scenario", "Use", "", "Page", "Speed-up", "Best", "Good", "Loss", "Memory (MiB)", "Requests"]
    return table(titles, rows, words=3)


def _refused(story: Story) -> str:
    names = [
        f"{safe(f'{one.cell.label} at {one.cell.concurrency}')} in *{safe(advice.scenario.title)}* ({safe(one.reason)})"
        for advice in story.study.scenarios
        for one in advice.refused
    ]
    return prose(f"Not chosen from: {'; '.join(names)}.") if names else ""


def _bounds(story: Story) -> Iterator[str]:
    told = circumstances(story.study, compared=False)
    if told:
        yield prose("**What the time goes into.**", EVIDENCE)
        yield points(told)


def _scaling(story: Story) -> Iterator[str]:
    fitted = [(series, series.fit) for series in story.study.series if isinstance(series.fit, Usl)]
    few = [(series, series.fit) for series in story.study.series if isinstance(series.fit, TooFew)]
    if fitted or few:
        one = whole(1)
        yield prose(
            f"**How it scales with concurrency.** The Universal Scalability Law, X(N) = scale N / ({one} + contention "
            f"(N - {one}) + coherency N (N - {one})), fitted to each strategy. Contention is what has to be done one "
            "at a time, coherency what workers cost each other; a contention of one or more says that more workers "
            "make it slower. Nothing is said about levels that were not measured."
        )
    titles = ["Scenario", "Strategy", "Levels", "Contention", "Coherency", "Peak", "Describes the levels"]
    yield table(
        titles,
        [
            [
                safe(_title(story, series.scenario)),
                safe(series.label),
                ", ".join(map(str, fit.levels)),
                between(fit.contention),
                between(fit.coherency),
                _peak(fit),
                "yes" if fit.describes else "no",
            ]
            for series, fit in fitted
        ],
        words=3,
    )
    if any(not fit.describes for _, fit in fitted):
        yield prose(
            "Where the law doesn't describe the levels, its coefficients say little: take the figures themselves."
        )
    names = [
        f"{safe(series.label)} in *{safe(_title(story, series.scenario))}* ({counted(len(fit.levels), 'level')})"
        for series, fit in few
        if len(fit.levels) > 1
    ]
    if names:
        needed = counted(few[0][1].needed, "level")
        yield prose(f"Too few levels to fit the law, which takes {needed}: {listed(names)}.")
    for name in dict.fromkeys(series.scenario for series, _ in fitted):
        title = _title(story, name)
        words = safe(f"{title}: throughput by concurrency, with the fitted law and its band")
        yield f"![{words}]({quote(f'{story.curves}/{name}.svg')})"


def _peak(fit: Usl) -> str:
    if fit.peak_at == "lowest level":
        return f"at {whole(fit.levels[0])}, falling from there"
    if fit.peak_at == "highest level":
        return f"not reached at {whole(fit.levels[-1])}"
    return between(fit.peak)


def _growth(story: Story) -> Iterator[str]:
    rows = [
        [
            safe(f"{way.label} at {way.concurrency}"),
            safe(_title(story, way.scenario)),
            ", ".join(whole(size) for size in way.growth.sizes),
            times(way.growth.times_time),
            between(way.growth.exponent),
            way.growth.shape,
        ]
        for way in story.study.grown
    ]
    if rows:
        yield prose(
            "**How it scales with size.** The time goes with the number of items to the power of an exponent, fitted "
            f"to sizes that cells link in pairs; an exponent of {whole(1)} is linear."
        )
        yield table(["Way", "Scenario", "Items", "Time grows", "Exponent", "Growth"], rows, words=2)
    else:
        yield prose("**How it scales with size.** These results hold no way at two sizes of the same kind of corpus.")


def _noise(story: Story) -> str:
    noises = story.study.noises
    if not noises:
        return prose("**Noise.** No scenario measured its baseline against itself.")
    (worst, view), typical = noises[0], median_of(noise for noise, _ in noises)
    return prose(
        f"**Noise.** The baseline against itself is up to {times(typical or worst)} itself in the typical "
        f"scenario, and up to {times(worst)} in the noisiest, *{safe(view.title)}*."
    )


def _figures(story: Story) -> Iterator[str]:
    for name in dict.fromkeys(advice.name for mode in story.modes.values() for advice in mode.deciding):
        words = safe(alternative_text(story.view(name)))
        yield f"![{words}]({quote(f'{story.figures}/{name}.svg')})"


def _title(story: Story, name: str) -> str:
    return sentence(story.study.settings.scenarios[name].title)
