"""Scenarios that read an API: what a request costs, how many at once, pages, and rate limits."""

from ingest_bench.report.formatting import number, percent, safe, whole
from ingest_bench.report.kinds.base import ScenarioKind, ingests
from ingest_bench.report.model.columns import (
    Column,
    client_ms,
    exactly_once,
    floor_seconds,
    lost,
    over_floor,
    pages_per_second,
    repeated,
)
from ingest_bench.report.model.ranking import alone, best, compare, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots import lines
from ingest_bench.report.templating import text

SENT = Column("Requests", lambda row: whole(row.requests))
REFUSED = Column("429s", lambda row: whole(row.rate_limited))
SERVER_MS = Column("Server latency (ms)", lambda row: number(row.server_median(lambda server: server.response_ms_mean)))


def latency(view: ScenarioView) -> str | None:
    """Return what one client costs over another, a request at a time."""
    client = next((row for row in usable(view) if row.arm.fetcher == "pystac_client"), None)
    direct = alone(view)
    if client is None or direct is None or not direct.own:
        return None
    waits = direct.server_median(lambda server: server.response_ms_mean)
    rows = {"client_row": client, "direct": direct, **compare(view, direct, client)}
    return text("kinds", "latency", waits=waits, client_ms=client_ms(direct), **rows)


def paging(view: ScenarioView) -> str:
    """Return which page size is best for each way of paging, and whether every item came exactly once."""
    rows = usable(view)
    sizes = {row.page_size for row in rows}
    return text(
        "kinds",
        "paging",
        top=best(rows),
        sizes=sizes,
        smallest=best([row for row in rows if row.page_size == min(sizes)]),
        faulty=[safe(row.name) for row in view.rows if row.samples and ((lost(view, row) or 0) > 0 or repeated(row))],
        complete=all(row.cell.parity.ok for row in view.rows),
    )


def _refused(view: ScenarioView) -> float:
    return max((row.rate_limited or 0 for row in view.rows), default=0)


def _requests_made(_: ReportData, view: ScenarioView) -> str | None:
    """Return how many requests the best way needs, and whether it was refused any."""
    top = best(usable(view))
    return text("kinds", "requests", top=top, refused=_refused(view)) if top and top.requests is not None else None


def _limited(_: ReportData, view: ScenarioView) -> str | None:
    """Return how many 429s were met, what was lost by them, and how near to the server's limit the time is."""
    gone = {safe(row.name): lost(view, row) or 0 for row in view.rows}
    losing = [f"{name} ({count:,})" for name, count in gone.items() if count > 0]
    top = best(usable(view))
    near = {"top": top, "over": top and over_floor(view, top), "floor": top and floor_seconds(view, top)}
    return text("kinds", "limited", refused=_refused(view), losing=losing, **near)


RATE = ScenarioKind(
    fits=lambda view: ingests(view, "api") and view.rate is not None,
    subject="An API with a rate limit",
    answers=frozenset({"concurrency", "auto"}),
    columns=lambda _, view: [
        SENT,
        REFUSED,
        Column("Items lost", lambda row: whole(lost(view, row))),
        Column("Rate-limit floor (s)", lambda row: number(floor_seconds(view, row))),
        Column("Above floor", lambda row: percent(over - 1 if (over := over_floor(view, row)) else None)),
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
        Column("Exactly once", lambda row: exactly_once(view, row)),
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
