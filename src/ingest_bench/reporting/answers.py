"""The questions that the benchmark was made to answer, and what the data say to each."""

from __future__ import annotations

from collections.abc import Callable

from ingest_bench.reporting.bounds import what_bounds
from ingest_bench.reporting.columns import lost, over_bucket
from ingest_bench.reporting.compare import alone, best, recommended, together, usable, versus
from ingest_bench.reporting.findings import fastest, grown, helped, latency, paging
from ingest_bench.reporting.options import option_favoured
from ingest_bench.reporting.view import Kind, Row, Study, View
from ingest_bench.reporting.wording import (
    counted,
    listed,
    paragraph,
    percent,
    safe,
    sentence,
    speed_up,
    times,
    whole,
)
from ingest_bench.statistics import no_difference

UNMEASURED = "Not measured: these results have no scenario for it."
INGESTING = (Kind.FILES, Kind.DIRECTORY, Kind.GEOPARQUET, Kind.REQUESTS, Kind.RATE)


def answers(study: Study) -> str:
    """Write every question with its answer."""
    return "\n\n".join(paragraph(f"**{question}** {answer(study)}") for question, answer in QUESTIONS.items())


def helps(study: Study) -> str:
    """Say where concurrency helps, and at what level."""
    return _by_scenario(study, INGESTING, _help_and_level)


def memory(study: Study) -> str:
    """Say what concurrency costs in memory."""
    return _by_scenario(study, INGESTING, _memory)


def clients(study: Study) -> str:
    """Compare pystac-client with direct HTTP, one request at a time."""
    return _by_scenario(study, (Kind.LATENCY, Kind.REQUESTS), lambda view: latency(study, view))


def pages(study: Study) -> str:
    """Compare pages fetched one after another with several at once."""
    return _by_scenario(study, (Kind.PAGES,), lambda view: f"{helped(view) or _one_at_a_time(view)} {paging(study, view)}")


def limits(study: Study) -> str:
    """Say which rate limits were met, and what that cost."""
    views = [view for view in study.views if view.api]
    if not views:
        return UNMEASURED
    met = [text for view in views if (text := _limits_met(view))]
    return " ".join(met) if met else f"None in {counted(len(views), 'API scenario')}."


def processes(study: Study) -> str:
    """Say whether several processes speed up file mode."""

    def told(view: View) -> str | None:
        pool = best([row for row in usable(view) if row.arm.fetcher == "process_pool"])
        own = best([row for row in usable(view) if row.own])
        if pool is None or own is None:
            return None
        ratio = versus(pool, own)
        verdict = "no" if no_difference(ratio, view.noise) or ratio.median < 1 else "yes"
        return f"{verdict}, {safe(pool.name)} is {speed_up(ratio)} as fast as {safe(own.name)}."

    return _by_scenario(study, (Kind.FILES, Kind.DIRECTORY), told)


def bottleneck(study: Study) -> str:
    """Say which stage of a pipeline takes the most time."""
    return _by_scenario(study, (Kind.MIXED,), _longest_stage)


def formats(study: Study) -> str:
    """Compare the output formats by end-to-end time."""
    told = []
    groups: dict[str, list[tuple[float, str]]] = {}
    for view in study.of_kind(Kind.MIXED):
        top, pipeline = best(usable(view)), view.scenario.pipeline
        if top and top.time_s and pipeline:
            groups.setdefault(view.scenario.corpus, []).append((top.time_s, pipeline.output))
    for corpus, found in groups.items():
        ordered = sorted(found)
        rest = [f"{safe(name)} takes {times(seconds / ordered[0][0])}" for seconds, name in ordered[1:]]
        if rest:
            told.append(f"{sentence(safe(corpus))}: {safe(ordered[0][1])} is quickest, {listed(rest)} its time.")
    return " ".join(told) + " (Each at its best, not paired.)" if told else UNMEASURED


def order(study: Study) -> str:
    """Say whether the stages behind the ingest cope with items out of order."""
    rows = [(view, row) for view in study.of_kind(Kind.MIXED) for row in view.rows if row.level > 1 and row.samples]
    if not rows:
        return UNMEASURED
    bad = [f"{safe(row.name)} in {safe(view.title)}" for view, row in rows if not row.cell.parity.ok]
    if bad:
        return f"Not always: what was written is not the corpus with {listed(bad)}."
    return f"Yes: in all {counted(len(rows), 'concurrent cell')}, what was written, read back, is the corpus whatever its order."


def scale(study: Study) -> str:
    """Say how the time grows with the size of the collection."""
    return _by_scenario(study, (Kind.GROWTH,), lambda view: grown(study, view))


QUESTIONS: dict[str, Callable[[Study], str]] = {
    "Is ingestion I/O-, CPU- or network-bound?": what_bounds,
    "Does concurrency help, and at what level?": helps,
    "What does concurrency cost in memory?": memory,
    "Can several processes speed up file mode?": processes,
    "What does pystac-client cost against direct HTTP?": clients,
    "Pages one after another, or several at once?": pages,
    "Which rate limits were met?": limits,
    "How does the time grow with the collection?": scale,
    "Is ingest, transform or output the bottleneck?": bottleneck,
    "Does the output format matter?": formats,
    "Do downstream stages cope with items out of order?": order,
    "Which design option do the data favour?": option_favoured,
}


def _by_scenario(study: Study, kinds: tuple[Kind, ...], tell: Callable[[View], str | None]) -> str:
    told = [f"*{safe(view.title)}*: {text}" for view in study.of_kind(*kinds) if (text := tell(view))]
    return " ".join(told) or UNMEASURED


def _help_and_level(view: View) -> str | None:
    text, row = helped(view), recommended(view)
    return f"{text} Recommended: {row.level}, {safe(row.cell.label)}." if text and row else text


def _memory(view: View) -> str | None:
    one, many = alone(view), together(view)
    levels: dict[int, Row] = {}
    for row in sorted((row for row in usable(view) if row.own and row.level > 1), key=lambda row: row.peak_mb or 0):
        levels[row.level] = row
    if one is None or many is None or one.peak_mb is None:
        return None
    before = one.peak_mb
    more = [f"{(row.peak_mb or 0) - before:+,.0f} at {level}" for level, row in sorted(levels.items())]
    return f"{whole(before)} MB at 1, {listed(more)}."


def _one_at_a_time(view: View) -> str:
    return fastest(view)


def _limits_met(view: View) -> str | None:
    refused = [row for row in view.rows if row.rate_limited]
    if not refused:
        return None
    most = max(row.rate_limited or 0 for row in refused)
    gone = max((lost(view, row) or 0 for row in view.rows), default=0)
    overs = [over for row in usable(view) if (over := over_bucket(view, row))]
    near = f" The best takes {percent(min(overs) - 1)} longer than the limit itself imposes." if overs else ""
    kept = "none lost an item" if gone <= 0 else f"up to {counted(gone, 'item')} lost"
    cells = counted(len(refused), "cell")
    return f"*{safe(view.title)}*: {cells} met up to {counted(most, '429 answer')} a run, {kept}.{near}"
