"""The questions that the benchmark was made to answer, and what the data say to each."""

from __future__ import annotations

from collections.abc import Callable

from ingest_bench.analysis.speedup import no_difference
from ingest_bench.report.blocks import Question
from ingest_bench.report.formatting import counted, listed, percent, safe, speed_up, times, whole
from ingest_bench.report.kinds import answering
from ingest_bench.report.kinds.apis import latency, paging
from ingest_bench.report.kinds.growing import grown
from ingest_bench.report.model.cell import Row
from ingest_bench.report.model.columns import lost, over_bucket, way_of_paging
from ingest_bench.report.model.ranking import alone, best, concurrency, recommended, rival, together, usable, versus
from ingest_bench.report.model.scenario import View
from ingest_bench.report.model.study import Study
from ingest_bench.report.text.answer import Reply, by_scenario
from ingest_bench.report.text.bottleneck import what_bounds
from ingest_bench.report.text.findings import fastest, helped
from ingest_bench.report.text.strategies import option_favoured


def answers(study: Study) -> list[Question]:
    """Answer every question."""
    return [answer(study).to(question) for question, answer in QUESTIONS.items()]


def helps(study: Study) -> Reply:
    """Say where concurrency helps, and at what level."""
    verdicts: dict[str, list[str]] = {"helps": [], "makes no difference": [], "makes it slower": []}
    for view in answering(study, "concurrency"):
        if found := concurrency(view):
            verdicts[found[0]].append(safe(view.title))
    told = [f"it {verdict} with {listed(names)}" for verdict, names in verdicts.items() if names]
    return by_scenario(answering(study, "concurrency"), _help_and_level, "; ".join(told))


def limits(study: Study) -> Reply:
    """Say which rate limits were met, and what that cost."""
    views = [view for view in study.views if view.api]
    found = by_scenario(views, _limits_met)
    return found if found.points or not views else Reply(f"None, in {counted(len(views), 'API scenario')}.")


def bottleneck(study: Study) -> Reply:
    """Say which stage of a pipeline takes the most time."""
    stages = [_longest(row) for view in answering(study, "stages") if (row := best(usable(view))) and row.stage_shares]
    counts = [f"{name} in {counted(stages.count(name), 'scenario')}" for name in dict.fromkeys(stages)]
    return by_scenario(answering(study, "stages"), _longest_stage, listed(counts))


def formats(study: Study) -> Reply:
    """Compare the output formats by end-to-end time, each with the way that is best for it."""
    groups: dict[str, list[tuple[float, str]]] = {}
    for view in answering(study, "stages"):
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
    rows = [(view, row) for view in answering(study, "stages") for row in view.rows if row.level > 1 and row.samples]
    if not rows:
        return Reply()
    bad = [f"{safe(row.name)} in {safe(view.title)}" for view, row in rows if not row.cell.parity.ok]
    if bad:
        return Reply(f"Not always: what was written is not the corpus with {listed(bad)}.")
    cells = counted(len(rows), "concurrent cell")
    return Reply(
        f"Yes: what was written, read back, is the same set of items as the corpus, in {cells} of {len(rows)}."
    )


def _help_and_level(view: View) -> str | None:
    text, row, other = helped(view), recommended(view), rival(view)
    if text is None or row is None:
        return None
    doubt = f", but {safe(other.name)} can't be told from it yet: more pairs are needed" if other else ""
    return f"{text} Recommended: {safe(row.name)}{doubt}."


def _pages(view: View) -> str:
    return f"{_by_page_size(view) or fastest(view)} {paging(view)}"


def _by_page_size(view: View) -> str | None:
    """Compare the best way of paging with the baseline's way, page size by page size."""
    way = next((way_of_paging(row) for row in view.rows if row.cell.arm == view.scenario.baseline.arm), None)
    told = []
    for size in sorted({row.page_size for row in usable(view)}):
        rows = [row for row in usable(view) if row.page_size == size]
        usual = next((row for row in rows if way_of_paging(row) == way), None)
        other = best([row for row in rows if way_of_paging(row) != way])
        if usual and other:
            ratio = versus(other, usual)
            alike = ", no difference" if no_difference(ratio, view.noise) else ""
            told.append(f"{size:,} a page: {safe(way_of_paging(other))}, {speed_up(ratio)} as fast{alike}")
    return f"Against {safe(way or '')}, {'; '.join(told)}." if told else None


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
    if one is None or many is None or one.peak_mib is None:
        return None
    most: dict[int, float] = {}
    for row in usable(view):
        if row.own and row.level > 1 and row.peak_mib is not None:
            most[row.level] = max(row.peak_mib, most.get(row.level, 0.0))
    more = [f"{peak - one.peak_mib:+,.0f} MiB at {level}" for level, peak in sorted(most.items())]
    return f"{whole(one.peak_mib)} MiB with {safe(one.name)}; {listed(more)}."


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


def _each(question: str, tell: Callable[[View], str | None]) -> Callable[[Study], Reply]:
    """Answer a question by what each scenario that has something to say to it says."""
    return lambda study: by_scenario(answering(study, question), tell)


QUESTIONS: dict[str, Callable[[Study], Reply]] = {
    "Is ingestion I/O-, CPU- or network-bound?": what_bounds,
    "Does concurrency help, and at what level?": helps,
    "Which design option do the data favour?": option_favoured,
    "Is `concurrency: auto` as good as the best fixed level?": _each("auto", _adaptive),
    "What does concurrency cost in memory?": _each("concurrency", _memory),
    "Can several processes speed up file mode?": _each("processes", _processes),
    "What does pystac-client cost against direct HTTP?": _each("client", latency),
    "Pages one after another, or several at once?": _each("pages", _pages),
    "Which rate limits were met?": limits,
    "How does the time grow with the collection?": lambda study: by_scenario(
        answering(study, "growth"), lambda view: grown(study, view)
    ),
    "Is ingest, transform or output the bottleneck?": bottleneck,
    "Does the output format matter?": formats,
    "Do downstream stages cope with items out of order?": order,
}
