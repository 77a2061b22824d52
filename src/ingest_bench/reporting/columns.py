"""What is reported of a cell beside time, throughput and memory: it depends on what the scenario asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ingest_bench.reporting.compare import growth
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.view import Kind, Study, View
from ingest_bench.reporting.wording import NOTHING, number, percent, whole
from ingest_bench.results import Sample
from ingest_bench.settings import RateLimit


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and what stands below it in a row."""

    title: str
    text: Callable[[Row], str]
    key: Callable[[Row], float | None] | None = None
    """What rows are sorted by, where that is not the number that the text begins with."""


def extra_columns(study: Study, view: View) -> list[Column]:
    """List the columns that belong to what a scenario asks."""
    makers: dict[Kind, Callable[[Study, View], list[Column]]] = {
        Kind.GEOPARQUET: _parsing,
        Kind.DIRECTORY: _failures,
        Kind.LATENCY: _latency,
        Kind.REQUESTS: _requests,
        Kind.PAGES: _pages,
        Kind.RATE: _rate,
        Kind.GROWTH: _growth,
        Kind.MIXED: _stages,
    }
    make = makers.get(view.kind)
    return make(study, view) if make else []


def failures_told(view: View, row: Row) -> tuple[int, int] | None:
    """Give how many failures were reported, and how many files are broken; None where that is not known."""
    reported = row.median(lambda sample: sample.failures)
    return None if reported is None or not view.manifest else (round(reported), len(view.manifest.get("broken", ())))


def lost(view: View, row: Row) -> int | None:
    """Give how many items are missing, of those that can be delivered; None where that is not known."""
    if view.expected is None or not row.samples:
        return None
    return max(view.expected - sample.items for sample in row.samples)


def repeated(row: Row) -> int:
    """Give how many items came twice, in the worst sample."""
    return max((sample.duplicates for sample in row.samples), default=0)


def once_each(view: View, row: Row) -> str:
    """Say whether every item came exactly once."""
    if not row.samples:
        return NOTHING
    missing, twice = lost(view, row) or 0, repeated(row)
    faults = [f"{count:,} {what}" for count, what in ((missing, "missing"), (twice, "twice")) if count > 0]
    return ", ".join(faults) or ("yes" if row.cell.parity.ok else "no")


def pages_per_second(row: Row) -> float | None:
    """Give how many pages a second were worked through."""
    return row.median(lambda sample: -(-sample.items // row.page_size) / sample.wall_s)


def way_of_paging(row: Row) -> str:
    """Name a way of paging without its page size."""
    size = str(row.arm.settings.get("limit", row.page_size))
    name = re.sub(rf"[\s,_-]*\b{re.escape(size)}\b.*$", "", row.cell.label) or row.cell.label
    return f"{name} at {row.level}" if row.level > 1 else name


def bucket_seconds(view: View, row: Row) -> float | None:
    """Give how long the server's token bucket alone makes the requests that it answered take."""
    rate = _rate_of(view)
    answered = row.server_median(lambda server: server.requests - server.rate_limited)
    return None if rate is None or answered is None else max(0.0, answered - rate.burst) / rate.per_second


def over_bucket(view: View, row: Row) -> float | None:
    """Give the time relative to what the token bucket alone takes."""
    seconds = bucket_seconds(view, row)
    return row.time_s / seconds if row.time_s and seconds else None


def client_ms(row: Row) -> float | None:
    """Give milliseconds a request from the client's side; of a row that has one request under way at a time."""

    def each(sample: Sample) -> float | None:
        requests = sample.server.requests if sample.server else sample.requests
        return sample.wall_s / requests * 1000 if requests else None

    return row.median(each)


def _parsing(_: Study, __: View) -> list[Column]:
    return [
        Column("Overhead (MB)", lambda row: whole(row.overhead_mb)),
        Column("First item (s)", lambda row: number(row.median(lambda sample: sample.first_item_s))),
    ]


def _failures(_: Study, view: View) -> list[Column]:
    def text(row: Row) -> str:
        told = failures_told(view, row)
        return f"{told[0]:,} / {told[1]:,}" if told else whole(row.median(lambda sample: sample.failures))

    return [Column("Failures / broken", text)]


def _latency(_: Study, __: View) -> list[Column]:
    return [
        Column("Requests", lambda row: whole(row.requests)),
        Column("Server's (ms)", lambda row: number(row.server_median(lambda server: server.response_ms_mean))),
        Column("Client's (ms)", lambda row: number(client_ms(row))),
    ]


def _requests(_: Study, __: View) -> list[Column]:
    return [
        Column("Requests", lambda row: whole(row.requests)),
        Column("429s", lambda row: whole(row.rate_limited)),
        Column("In flight", lambda row: number(row.server_median(lambda server: server.in_flight_mean))),
        Column("Server's (ms)", lambda row: number(row.server_median(lambda server: server.response_ms_mean))),
    ]


def _pages(_: Study, view: View) -> list[Column]:
    return [
        Column("Page", lambda row: whole(row.page_size)),
        Column("Pages/s", lambda row: number(pages_per_second(row))),
        Column("Requests", lambda row: whole(row.requests)),
        Column("Each once", lambda row: once_each(view, row)),
    ]


def _rate(_: Study, view: View) -> list[Column]:
    return [
        Column("Requests", lambda row: whole(row.requests)),
        Column("429s", lambda row: whole(row.rate_limited)),
        Column("Items lost", lambda row: whole(lost(view, row))),
        Column("Bucket (s)", lambda row: number(bucket_seconds(view, row))),
        Column("Over it", lambda row: percent(over - 1 if (over := over_bucket(view, row)) else None)),
    ]


def _growth(study: Study, view: View) -> list[Column]:
    def factor(row: Row) -> str:
        grown = growth(study, view, row)
        return f"{number(grown.times_time)} / {number(grown.times_items)}" if grown else NOTHING

    def exponent(row: Row) -> str:
        grown = growth(study, view, row)
        if grown is None:
            return NOTHING
        return f"{grown.exponent:.2f} ({grown.low:.2f} to {grown.high:.2f})"

    return [
        Column("Items", lambda row: whole(row.items)),
        Column("Time / items grow", factor),
        Column("Exponent", exponent),
    ]


def _stages(_: Study, view: View) -> list[Column]:
    names = list(dict.fromkeys(name for row in view.rows for name in row.stages))
    return [*map(_stage, names), Column("Same set", lambda row: "yes" if row.cell.parity.ok else "no")]


def _stage(name: str) -> Column:
    return Column(name.capitalize(), lambda row: percent(row.stage_shares.get(name)))


def _rate_of(view: View) -> RateLimit | None:
    return view.scenario.server.rate if view.scenario.server else None
