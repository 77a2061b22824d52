"""Scenarios that read an API: what a request costs, how many at once, pages, and rate limits."""

from __future__ import annotations

from ingest_bench.analysis.speedup import no_difference
from ingest_bench.report.formatting import bracketed, counted, duration, listed, number, percent, safe, times, whole
from ingest_bench.report.kinds.base import ScenarioKind, ingests
from ingest_bench.report.model.columns import (
    Column,
    bucket_seconds,
    client_ms,
    lost,
    once_each,
    over_bucket,
    pages_per_second,
    repeated,
)
from ingest_bench.report.model.ranking import alone, best, usable, versus
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots import lines

SENT = Column("Requests", lambda row: whole(row.requests))
REFUSED = Column("429s", lambda row: whole(row.rate_limited))
SERVER_MS = Column("Server latency (ms)", lambda row: number(row.server_median(lambda server: server.response_ms_mean)))


def latency(view: ScenarioView) -> str | None:
    """Say what one client costs over another, a request at a time."""
    client = next((row for row in usable(view) if row.arm.fetcher == "pystac_client"), None)
    direct = alone(view)
    if client is None or direct is None or not direct.own:
        return None
    ratio, waits = versus(direct, client), direct.server_median(lambda server: server.response_ms_mean)
    names = safe(client.cell.label), safe(direct.cell.label)
    spent = f"{number(client_ms(direct))} ms a request, {number(waits)} ms of it the server's"
    share = f"; {names[1]} takes {spent}" if waits else ""
    if no_difference(ratio, view.noise):
        return f"{names[0]} and {names[1]} can't be told apart ({bracketed(ratio)}){share}."
    longer = (client.time_s or 0) - (direct.time_s or 0)
    word = "longer" if longer > 0 else "less"
    return f"A run with {names[0]} takes {duration(abs(longer))} {word} than with {names[1]}{share}."


def paging(view: ScenarioView) -> str:
    """Say which page size is best for each way of paging, and whether every item came exactly once."""
    faulty = [row for row in view.rows if row.samples and ((lost(view, row) or 0) > 0 or repeated(row))]
    once = (
        f"Items were lost or came twice with {listed([safe(row.name) for row in faulty])}"
        if faulty
        else "Every item came exactly once, at every page size"
        if all(row.cell.parity.ok for row in view.rows)
        else "Not every way delivers what the corpus holds"
    )
    top = best(usable(view))
    sizes = {row.page_size for row in usable(view)}
    if top is None or len(sizes) == 1:
        return f"{once}."
    at_top = best([row for row in usable(view) if row.page_size == min(sizes)])
    gain = f", {times(top.standing.median / at_top.standing.median)} the best with {min(sizes):,}" if at_top else ""
    return f"The best page size is {top.page_size:,} items{gain if top is not at_top else ''}. {once}."


def _requests_made(_: ReportData, view: ScenarioView) -> str | None:
    """Say how many requests the best way needs, and whether it was refused any."""
    top = best(usable(view))
    if top is None or top.requests is None:
        return None
    most = max((row.rate_limited or 0 for row in view.rows), default=0)
    limits = "no request met a rate limit" if most == 0 else f"up to {counted(most, 'request')} a run met a rate limit"
    return f"It sends {counted(top.requests, 'request')}; {limits}."


def _limited(_: ReportData, view: ScenarioView) -> str | None:
    """Say how many 429s were met, what was lost by them, and how near to the server's limit the time is."""
    met = max((row.rate_limited or 0 for row in view.rows), default=0)
    gone = {safe(row.name): lost(view, row) or 0 for row in view.rows}
    losing = [f"{name} ({count:,})" for name, count in gone.items() if count > 0]
    kept = f"items were lost by {listed(losing)}" if losing else "no item was lost"
    answer = "No way met a 429" if met == 0 else f"Up to {counted(met, 'refusal')} (429) a run were met"
    top = best(usable(view))
    over = over_bucket(view, top) if top else None
    if top is None or over is None:
        return f"{answer}, and {kept}."
    least = number(bucket_seconds(view, top))
    return f"{answer}, and {kept}; {safe(top.name)} takes {times(over)} the {least} s that the limit itself imposes."


RATE = ScenarioKind(
    fits=lambda view: ingests(view, "api") and view.rate is not None,
    subject="An API with a rate limit",
    answers=frozenset({"concurrency", "auto"}),
    columns=lambda _, view: [
        SENT,
        REFUSED,
        Column("Items lost", lambda row: whole(lost(view, row))),
        Column("Rate-limit floor (s)", lambda row: number(bucket_seconds(view, row))),
        Column("Above floor", lambda row: percent(over - 1 if (over := over_bucket(view, row)) else None)),
    ],
    finding=_limited,
)
PAGES = ScenarioKind(
    fits=lambda view: ingests(view, "api") and len(set(map(view.scenario.page_size, view.scenario.arms))) > 1,
    subject="Pages of an API",
    answers=frozenset({"pages"}),
    columns=lambda _, view: [
        Column("Page", lambda row: whole(row.page_size)),
        Column("Pages/s", lambda row: number(pages_per_second(row))),
        SENT,
        Column("Exactly once", lambda row: once_each(view, row)),
    ],
    finding=lambda _, view: paging(view),
    drawings=lambda view: [lines.page_sizes(view), lines.memory_lines(view, lines.PAGES)],
    shows="pages per second by page size",
)
LATENCY = ScenarioKind(
    fits=lambda view: ingests(view, "api") and all(arm.concurrency == [1] for arm in view.scenario.arms.values()),
    subject="One page of an API",
    answers=frozenset({"bound", "client"}),
    columns=lambda _study, _view: [SENT, SERVER_MS, Column("Client latency (ms)", lambda row: number(client_ms(row)))],
    finding=lambda _, view: latency(view),
)
REQUESTS = ScenarioKind(
    fits=lambda view: ingests(view, "api"),
    subject="An API",
    answers=frozenset({"bound", "concurrency", "auto", "client"}),
    columns=lambda _study, _view: [
        SENT,
        REFUSED,
        Column("In flight", lambda row: number(row.server_median(lambda server: server.in_flight_mean))),
        SERVER_MS,
    ],
    finding=_requests_made,
)
