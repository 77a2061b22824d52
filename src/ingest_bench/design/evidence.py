"""Problem and evidence: what is slow today, what was measured, and how it scales."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from ingest_bench.advice import ScenarioAdvice
from ingest_bench.advice.recommend import CONFIDENCE, TOLERANCE
from ingest_bench.design.story import Story, points, prose, section, table
from ingest_bench.reporting.bounds import EVIDENCE, circumstances
from ingest_bench.reporting.figures import alternative_text
from ingest_bench.reporting.rows import middle
from ingest_bench.reporting.what_to_do import MODE_NAMES, baseline_of, probability, share
from ingest_bench.reporting.wording import NOTHING, listed, safe, sentence
from ingest_bench.scaling import Bounds, TooFew, Usl


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
    facts = story.facts
    return section(
        "Evidence",
        [
            prose(
                "Speed-ups are paired ratios against the scenario's baseline with",
                f"{facts.percent(CONFIDENCE)} intervals. *Best* is the probability that the choice is the best of the "
                f"ways that can be set, *good* that it is within {facts.percent(TOLERANCE)} of it, and *loss* the "
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


def _today(story: Story, advice: ScenarioAdvice) -> str:
    facts, view = story.facts, story.view(advice.name)
    rate = middle(sample.items / sample.wall_s for sample in view.baseline_samples)
    memory = middle(sample.peak_rss_mb for sample in view.baseline_samples)
    name = facts.name(baseline_of(advice))
    same_mode = [other.name for other in story.scenarios if other.mode == advice.mode]
    large = max((row.items or 0.0 for name in same_mode for row in story.view(name).rows), default=0.0)
    if not rate:
        return f"{MODE_NAMES[advice.mode]}, *{facts.name(advice.scenario.title)}*: {name} has no usable sample."
    return (
        f"{MODE_NAMES[advice.mode]}, *{facts.name(advice.scenario.title)}*: {name} delivers {facts.whole(rate)} items "
        f"a second with {facts.whole(memory)} MB; at that pace the largest collection of this mode here, "
        f"{facts.counted(large, 'item')}, takes {facts.number(large / rate)} s."
    )


def _choices(story: Story) -> str:
    facts, rows = story.facts, []
    for advice in story.scenarios:
        use, chance = advice.use, advice.verdict.chance
        if use is None or chance is None:
            rows.append([facts.name(advice.scenario.title), "nothing usable", *[NOTHING] * 8])
            continue
        status = "only way" if len(advice.options) == 1 else advice.verdict.status
        rows.append(
            [
                facts.name(advice.scenario.title),
                facts.name(use.label),
                status,
                facts.whole(use.page_size),
                facts.ratio(use.ratio) if not use.cell.null else "baseline",
                facts.kept(probability(chance.best)),
                facts.kept(probability(chance.enough)),
                facts.kept(share(chance.loss)),
                facts.whole(use.memory_mb),
                facts.whole(use.requests),
            ]
        )
    titles = ["Scenario", "Use", "", "Page", "Speed-up", "Best", "Good", "Loss", "Memory (MB)", "Requests"]
    return table(titles, rows, words=3)


def _refused(story: Story) -> str:
    names = [
        f"{story.facts.name(f'{one.cell.label} at {one.cell.concurrency}')} in "
        f"*{story.facts.name(advice.scenario.title)}* ({story.facts.name(one.reason)})"
        for advice in story.scenarios
        for one in advice.refused
    ]
    return prose(f"Not chosen from: {'; '.join(names)}.") if names else ""


def _bounds(story: Story) -> Iterator[str]:
    told = circumstances(story.study, compared=False)
    if told:
        yield prose("**What the time goes into.**", EVIDENCE)
        yield points([story.facts.kept(text) for text in told])


def _scaling(story: Story) -> Iterator[str]:
    fitted = [(series, series.fit) for series in story.series if isinstance(series.fit, Usl)]
    few = [(series, series.fit) for series in story.series if isinstance(series.fit, TooFew)]
    facts = story.facts
    if fitted or few:
        one = facts.whole(1)
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
                facts.name(_title(story, series.scenario)),
                facts.name(series.label),
                facts.kept(", ".join(map(str, fit.levels))),
                facts.between(fit.contention),
                facts.between(fit.coherency),
                _peak(story, fit),
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
        f"{facts.name(series.label)} in *{facts.name(_title(story, series.scenario))}* "
        f"({facts.counted(len(fit.levels), 'level')})"
        for series, fit in few
        if len(fit.levels) > 1
    ]
    if names:
        needed = facts.counted(few[0][1].needed, "level")
        yield prose(f"Too few levels to fit the law, which takes {needed}: {listed(names)}.")
    for name in dict.fromkeys(series.scenario for series, _ in fitted):
        title = _title(story, name)
        words = facts.name(f"{title}: throughput by concurrency, with the fitted law and its band")
        yield f"![{words}]({quote(f'{story.curves}/{name}.svg')})"


def _peak(story: Story, fit: Usl) -> str:
    facts = story.facts
    if fit.peak_at == "lowest level":
        return f"at {facts.whole(fit.levels[0])}, falling from there"
    if fit.peak_at == "highest level":
        return f"not reached at {facts.whole(fit.levels[-1])}"
    return facts.between(Bounds(fit.peak.value, fit.peak.low, fit.peak.high))


def _growth(story: Story) -> Iterator[str]:
    facts = story.facts
    rows = [
        [
            facts.name(f"{way.label} at {way.concurrency}"),
            facts.name(_title(story, way.scenario)),
            facts.kept(", ".join(facts.whole(size) for size in way.growth.sizes)),
            facts.times(way.growth.times_time),
            facts.between(way.growth.exponent),
            way.growth.shape,
        ]
        for way in story.grown
    ]
    if rows:
        yield prose(
            "**How it scales with size.** The time goes with the number of items to the power of an exponent, fitted "
            f"to sizes that cells link in pairs; an exponent of {facts.whole(1)} is linear."
        )
        yield table(["Way", "Scenario", "Items", "Time grows", "Exponent", "Growth"], rows, words=2)
    else:
        yield prose("**How it scales with size.** These results hold no way at two sizes of the same kind of corpus.")


def _noise(story: Story) -> str:
    noises = [(max(view.noise.high, 1 / view.noise.low), view) for view in story.study.views if view.noise]
    if not noises:
        return prose("**Noise.** No scenario measured its baseline against itself.")
    (worst, view), typical = max(noises, key=lambda each: each[0]), middle(noise for noise, _ in noises)
    facts = story.facts
    return prose(
        f"**Noise.** The baseline against itself is up to {facts.times(typical or worst)} itself in the typical "
        f"scenario, and up to {facts.times(worst)} in the noisiest, *{facts.name(view.title)}*."
    )


def _figures(story: Story) -> Iterator[str]:
    for name in dict.fromkeys(advice.name for mode in story.modes.values() for advice in mode.deciding):
        words = story.facts.kept(safe(alternative_text(story.view(name))))
        yield f"![{words}]({quote(f'{story.figures}/{name}.svg')})"


def _title(story: Story, name: str) -> str:
    return sentence(story.study.settings.scenarios[name].title)
