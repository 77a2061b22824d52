"""The questions that the benchmark was made to answer, and what the data say to each."""

from __future__ import annotations

from collections.abc import Callable

from ingest_bench.reporting.bounds import what_bounds
from ingest_bench.reporting.columns import lost, over_bucket
from ingest_bench.reporting.compare import alone, best, recommended, rival, together, usable, versus
from ingest_bench.reporting.content import Question
from ingest_bench.reporting.findings import fastest, helped
from ingest_bench.reporting.options import option_favoured
from ingest_bench.reporting.replies import Reply, by_scenario
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.topics import by_page_size, grown, latency, paging
from ingest_bench.reporting.view import Kind, Study, View
from ingest_bench.reporting.wording import counted, listed, percent, safe, speed_up, times, whole
from ingest_bench.statistics import no_difference

INGESTING = (Kind.FILES, Kind.DIRECTORY, Kind.GEOPARQUET, Kind.REQUESTS, Kind.RATE)


def answers(study: Study) -> list[Question]:
    """Answer every question."""
    return [answer(study).to(question) for question, answer in QUESTIONS.items()]


def helps(study: Study) -> Reply:
    """Say where concurrency helps, and at what level."""
    verdicts: dict[str, list[str]] = {"helps": [], "makes no difference": [], "makes it slower": []}
    for view in study.of_kind(*INGESTING):
        one, many = alone(view), together(view)
        if one and many:
            ratio = versus(many, one)
            same = no_difference(ratio, view.noise)
            verdict = "makes no difference" if same else "helps" if ratio.median > 1 else "makes it slower"
            verdicts[verdict].append(safe(view.title))
    told = [f"it {verdict} with {listed(names)}" for verdict, names in verdicts.items() if names]
    return by_scenario(study, INGESTING, _help_and_level, "; ".join(told))


def adaptive(study: Study) -> Reply:
    """Compare the level that is found while running with the best that was fixed beforehand."""
    return by_scenario(study, (Kind.REQUESTS, Kind.RATE, Kind.GROWTH), _adaptive)


def memory(study: Study) -> Reply:
    """Say what concurrency costs in memory."""
    return by_scenario(study, INGESTING, _memory)


def processes(study: Study) -> Reply:
    """Say whether several processes speed up file mode."""
    return by_scenario(study, (Kind.FILES, Kind.DIRECTORY), _processes)


def clients(study: Study) -> Reply:
    """Compare pystac-client with direct HTTP, one request at a time."""
    return by_scenario(study, (Kind.LATENCY, Kind.REQUESTS), lambda view: latency(study, view))


def pages(study: Study) -> Reply:
    """Compare pages fetched one after another with several at once."""
    return by_scenario(
        study, (Kind.PAGES,), lambda view: f"{by_page_size(view) or fastest(view)} {paging(study, view)}"
    )


def limits(study: Study) -> Reply:
    """Say which rate limits were met, and what that cost."""
    views = [view for view in study.views if view.api]
    told = [f"*{safe(view.title)}*: {text}" for view in views if (text := _limits_met(view))]
    if told or not views:
        return Reply("", told)
    return Reply(f"None, in {counted(len(views), 'API scenario')}.")


def scale(study: Study) -> Reply:
    """Say how the time grows with the size of the collection."""
    return by_scenario(study, (Kind.GROWTH,), lambda view: grown(study, view))


def bottleneck(study: Study) -> Reply:
    """Say which stage of a pipeline takes the most time."""
    stages = [_longest(row) for view in study.of_kind(Kind.MIXED) if (row := best(usable(view))) and row.stage_shares]
    counts = [f"{name} in {counted(stages.count(name), 'scenario')}" for name in dict.fromkeys(stages)]
    return by_scenario(study, (Kind.MIXED,), _longest_stage, listed(counts))


def formats(study: Study) -> Reply:
    """Compare the output formats by end-to-end time, each with the way that is best for it."""
    groups: dict[str, list[tuple[float, str]]] = {}
    for view in study.of_kind(Kind.MIXED):
        top, pipeline = best(usable(view)), view.scenario.pipeline
        if top and top.time_s and pipeline:
            groups.setdefault(view.scenario.corpus, []).append((top.time_s, pipeline.output))
    told = []
    for corpus, found in groups.items():
        (least, quickest), *others = sorted(found)
        if others:
            rest = listed([f"{safe(name)} takes {times(seconds / least)} its time" for seconds, name in others])
            told.append(f"From corpus {safe(corpus)}: {safe(quickest)} is the quickest, {rest} (not paired).")
    return Reply("", told)


def order(study: Study) -> Reply:
    """Say whether the stages behind the ingest cope with items out of order."""
    rows = [(view, row) for view in study.of_kind(Kind.MIXED) for row in view.rows if row.level > 1 and row.samples]
    if not rows:
        return Reply()
    bad = [f"{safe(row.name)} in {safe(view.title)}" for view, row in rows if not row.cell.parity.ok]
    if bad:
        return Reply(f"Not always: what was written is not the corpus with {listed(bad)}.")
    cells = counted(len(rows), "concurrent cell")
    return Reply(
        f"Yes: what was written, read back, is the same set of items as the corpus, in {cells} of {len(rows)}."
    )


QUESTIONS: dict[str, Callable[[Study], Reply]] = {
    "Is ingestion I/O-, CPU- or network-bound?": what_bounds,
    "Does concurrency help, and at what level?": helps,
    "Which design option do the data favour?": option_favoured,
    "Is `concurrency: auto` as good as the best fixed level?": adaptive,
    "What does concurrency cost in memory?": memory,
    "Can several processes speed up file mode?": processes,
    "What does pystac-client cost against direct HTTP?": clients,
    "Pages one after another, or several at once?": pages,
    "Which rate limits were met?": limits,
    "How does the time grow with the collection?": scale,
    "Is ingest, transform or output the bottleneck?": bottleneck,
    "Does the output format matter?": formats,
    "Do downstream stages cope with items out of order?": order,
}


def _help_and_level(view: View) -> str | None:
    text, row, other = helped(view), recommended(view), rival(view)
    if text is None or row is None:
        return None
    doubt = f", but {safe(other.name)} can't be told from it yet: more pairs are needed" if other else ""
    return f"{text} Recommended: {safe(row.name)}{doubt}."


def _adaptive(view: View) -> str | None:
    found, fixed = best([row for row in usable(view) if row.arm.record.role == "auto"]), together(view)
    if found is None or fixed is None or not fixed.own:
        return None
    ratio = versus(found, fixed)
    verdict = "no difference: " if no_difference(ratio, view.noise) else ""
    refusals = f", and refused {whole(found.rate_limited)} a run (429)" if found.rate_limited else ""
    peak = found.server_median(lambda server: server.in_flight_peak)
    asked = f" The server had up to {counted(peak, 'request')} at once{refusals}." if peak else ""
    return f"{verdict}{speed_up(ratio)} as fast as {safe(fixed.name)}.{asked}"


def _memory(view: View) -> str | None:
    one, many = alone(view), together(view)
    if one is None or many is None or one.peak_mb is None:
        return None
    most: dict[int, float] = {}
    for row in usable(view):
        if row.own and row.level > 1 and row.peak_mb is not None:
            most[row.level] = max(row.peak_mb, most.get(row.level, 0.0))
    more = [f"{peak - one.peak_mb:+,.0f} MB at {level}" for level, peak in sorted(most.items())]
    return f"{whole(one.peak_mb)} MB with {safe(one.name)}; {listed(more)}."


def _processes(view: View) -> str | None:
    pool = best([row for row in usable(view) if row.arm.record.role == "processes"])
    own = best([row for row in usable(view) if row.own])
    if pool is None or own is None:
        return None
    ratio = versus(pool, own)
    verdict = "no difference" if no_difference(ratio, view.noise) else "yes" if ratio.median > 1 else "no"
    return f"{verdict}; {safe(pool.name)} is {speed_up(ratio)} as fast as {safe(own.name)}."


def _longest(row: Row) -> str:
    return max(row.stage_shares, key=lambda name: row.stage_shares[name])


def _longest_stage(view: View) -> str | None:
    top = best(usable(view))
    if top is None or not top.stage_shares:
        return None
    name = _longest(top)
    ceiling = 1 / (1 - share) if (share := top.stage_shares.get("ingest", 0.0)) < 1 else None
    gain = f"; by these clocks, an ingest that took no time would make it {times(ceiling)} as fast" if ceiling else ""
    return f"{name}, {percent(top.stage_shares[name])} of the time with {safe(top.name)}{gain}."


def _limits_met(view: View) -> str | None:
    refused = [row for row in view.rows if row.rate_limited]
    if not refused:
        return None
    most = max(row.rate_limited or 0 for row in refused)
    gone = max((lost(view, row) or 0 for row in view.rows), default=0)
    overs = [over for row in usable(view) if (over := over_bucket(view, row))]
    near = f" The best takes {times(min(overs))} the time that the limit itself imposes." if overs else ""
    kept = "none lost an item" if gone <= 0 else f"up to {counted(gone, 'item')} lost"
    return f"{counted(len(refused), 'cell')} met up to {counted(most, 'refusal')} (429) a run, {kept}.{near}"
