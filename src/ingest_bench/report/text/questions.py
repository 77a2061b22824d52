"""The questions that the benchmark was made to answer, and what the data say to each."""

from collections.abc import Callable, Iterable

from ingest_bench.report.blocks import Answer, Question
from ingest_bench.report.formatting import listed, safe, sentence, times
from ingest_bench.report.kinds import answering
from ingest_bench.report.kinds.apis import latency, paging
from ingest_bench.report.kinds.commands import versus_baseline
from ingest_bench.report.kinds.files import grown
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import lost, over_floor, way_of_paging
from ingest_bench.report.model.ranking import (
    alone,
    best,
    compare,
    concurrency,
    recommended,
    rival,
    together,
    usable,
)
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text
from ingest_bench.report.text.bottleneck import what_bounds
from ingest_bench.report.text.recommendation import option_favoured
from ingest_bench.report.text.scenario import fastest, helped
from stac_ingest.core.text import counted

UNMEASURED = "Not measured: these results hold no scenario that could say it."


def by_scenario(views: Iterable[ScenarioView], tell: Callable[[ScenarioView], str | None], gist: str = "") -> Answer:
    """Answer scenario by scenario, where there is something to tell."""
    points = [f"*{safe(view.title)}*: {text}" for view in views if (text := tell(view))]
    return (f"{sentence(gist)}." if gist and points else ""), points


def answers(data: ReportData) -> list[Question]:
    """Return every question with its answer."""
    result = {question: answer(data) for question, answer in QUESTIONS.items()}
    return [
        Question(question, gist or ("" if points else UNMEASURED), points)
        for question, (gist, points) in result.items()
    ]


def helps(data: ReportData) -> Answer:
    """Return where concurrency helps, and at what level."""
    verdicts: dict[str, list[str]] = {
        "helps": [],
        "makes no difference": [],
        "isn't known to help": [],
        "makes it slower": [],
    }
    for view in answering(data, "concurrency"):
        if result := concurrency(view):
            verdicts[result[0]].append(safe(view.title))
    parts = [f"it {verdict} with {listed(names)}" for verdict, names in verdicts.items() if names]
    return by_scenario(answering(data, "concurrency"), _help_and_level, "; ".join(parts))


def limits(data: ReportData) -> Answer:
    """Return which rate limits were met, and what that cost."""
    views = [view for view in data.views if view.api]
    gist, points = by_scenario(views, _limits_met)
    return (gist if points or not views else f"None, in {counted(len(views), 'API scenario')}."), points


def bottleneck(data: ReportData) -> Answer:
    """Return which stage of a pipeline takes the most time."""
    views = answering(data, "stages")
    stages = [_longest(row) for view in views if (row := best(usable(view))) and row.stage_shares]
    counts = [f"{name} in {counted(stages.count(name), 'scenario')}" for name in dict.fromkeys(stages)]
    return by_scenario(views, _longest_stage, listed(counts))


def formats(data: ReportData) -> Answer:
    """Compare the output formats by end-to-end time, each with the way that is best for it."""
    groups: dict[str, list[tuple[float, str]]] = {}
    for view in answering(data, "stages"):
        top, pipeline = best(usable(view)), view.scenario.pipeline
        if top and top.time_s and pipeline:
            groups.setdefault(view.scenario.corpus, []).append((top.time_s, pipeline.output))
    points = []
    for corpus, measured in groups.items():
        (shortest, quickest), *others = sorted(measured)
        if others:
            rest = listed([f"{safe(name)} takes {times(seconds / shortest)} its time" for seconds, name in others])
            points.append(f"From corpus {safe(corpus)}: {safe(quickest)} is the quickest, {rest} (not paired).")
    return "", points


def order(data: ReportData) -> Answer:
    """Return whether the stages behind the ingest cope with items out of order."""
    rows = [(view, row) for view in answering(data, "stages") for row in view.rows if row.level > 1 and row.samples]
    bad = [f"{safe(row.name)} in {safe(view.title)}" for view, row in rows if not row.cell.parity.ok]
    if bad:
        return f"Not always: what was written is not the corpus with {listed(bad)}.", []
    cells = f"{counted(len(rows), 'concurrent cell')} of {len(rows)}"
    return (
        f"Yes: what was written, read back, is the same set of items as the corpus, in {cells}." if rows else ""
    ), []


def _help_and_level(view: ScenarioView) -> str | None:
    words, row = helped(view), recommended(view)
    return text("questions", "level", helped=words, row=row, rival=rival(view)) if words and row else None


def _by_page_size(view: ScenarioView) -> str | None:
    """Compare the best way of paging with the baseline's way, page size by page size."""
    way = next((way_of_paging(row) for row in view.rows if row.cell.arm == view.scenario.baseline.arm), None)
    parts = []
    for size in sorted({row.page_size for row in usable(view)}):
        rows = [row for row in usable(view) if row.page_size == size]
        usual = next((row for row in rows if way_of_paging(row) == way), None)
        other = best([row for row in rows if way_of_paging(row) != way])
        if usual and other:
            compared = {"way": way_of_paging(other), **compare(view, other, usual)}
            parts.append(text("questions", "page_size", size=size, **compared))
    return f"Against {safe(way or '')}, {'; '.join(parts)}." if parts else None


def _adaptive(view: ScenarioView) -> str | None:
    adaptive, fixed = best([row for row in usable(view) if row.arm.record.role == "auto"]), together(view)
    if adaptive is None or fixed is None or not fixed.own:
        return None
    peak = adaptive.server_median(lambda server: server.in_flight_peak)
    compared = compare(view, adaptive, fixed)
    return text("questions", "adaptive", adaptive=adaptive, fixed=fixed, peak=peak, **compared)


def _memory(view: ScenarioView) -> str | None:
    one, many = alone(view), together(view)
    if one is None or many is None or one.peak_mib is None:
        return None
    peaks: dict[int, float] = {}
    for row in usable(view):
        if row.own and row.level > 1 and row.peak_mib is not None:
            peaks[row.level] = max(row.peak_mib, peaks.get(row.level, 0.0))
    return text("questions", "memory", one=one, peaks=peaks)


def _processes(view: ScenarioView) -> str | None:
    pool = best([row for row in usable(view) if row.arm.record.role == "processes"])
    own = best([row for row in usable(view) if row.own])
    if pool is None or own is None:
        return None
    return text("questions", "processes", pool=pool, own=own, **compare(view, pool, own))


def _longest(row: CellView) -> str:
    return max(row.stage_shares, key=lambda name: row.stage_shares[name])


def _longest_stage(view: ScenarioView) -> str | None:
    top = best(usable(view))
    if top is None or not top.stage_shares:
        return None
    ceiling = 1 / (1 - share) if (share := top.stage_shares.get("ingest", 0.0)) < 1 else None
    return text("questions", "stage", stage=_longest(top), top=top, ceiling=ceiling)


def _limits_met(view: ScenarioView) -> str | None:
    refused = [row for row in view.rows if row.rate_limited]
    gone = max((lost(view, row) or 0 for row in view.rows), default=0)
    floors = [over for row in usable(view) if (over := over_floor(view, row))]
    return text("questions", "limits", refused=refused, lost=gone, times_floor=floors) if refused else None


def _each(question: str, tell: Callable[[ScenarioView], str | None]) -> Callable[[ReportData], Answer]:
    """Answer a question by what each scenario that has something to say to it says."""
    return lambda data: by_scenario(answering(data, question), tell)


QUESTIONS: dict[str, Callable[[ReportData], Answer]] = {
    "Is ingestion I/O-, CPU- or network-bound?": what_bounds,
    "Does concurrency help, and at what level?": helps,
    "Which design option do the data favour?": option_favoured,
    "Is `concurrency: auto` as good as the best fixed level?": _each("auto", _adaptive),
    "What does concurrency cost in memory?": _each("concurrency", _memory),
    "Can several processes speed up file mode?": _each("processes", _processes),
    "What does pystac-client cost against direct HTTP?": _each("client", latency),
    "Pages one after another, or several at once?": _each(
        "pages", lambda view: f"{_by_page_size(view) or fastest(view)} {paging(view)}"
    ),
    "Which rate limits were met?": limits,
    "How does the time grow with the collection?": lambda data: by_scenario(
        answering(data, "growth"), lambda view: grown(data, view)
    ),
    "Is ingest, transform or output the bottleneck?": bottleneck,
    "Does the output format matter?": formats,
    "What do whole commands of other tools take, against ours?": _each("commands", versus_baseline),
    "Do downstream stages cope with items out of order?": order,
}
