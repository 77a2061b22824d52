"""A column of a scenario's table, and figures of a cell that only some scenarios ask for."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ingest_bench.report.formatting import NOTHING
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.results.models import Sample


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and what stands below it in a row."""

    title: str
    text: Callable[[CellView], str]
    key: Callable[[CellView], float | None] | None = None
    """What rows are sorted by, where that is not the number that the text begins with."""


def failures_reported(view: ScenarioView, row: CellView) -> tuple[int, int] | None:
    """Give how many failures were reported, and how many files are broken; None where that is not known."""
    reported = row.median(lambda sample: sample.failures)
    return None if reported is None or not view.manifest else (round(reported), len(view.manifest.get("broken", ())))


def lost(view: ScenarioView, row: CellView) -> int | None:
    """Give how many items are missing, of those that can be delivered; None where that is not known."""
    if view.expected is None or not row.samples:
        return None
    return max(view.expected - sample.items for sample in row.samples)


def repeated(row: CellView) -> int:
    """Give how many items came twice, in the worst sample."""
    return max((sample.duplicates for sample in row.samples), default=0)


def exactly_once(view: ScenarioView, row: CellView) -> str:
    """Say whether every item came exactly once."""
    if not row.samples:
        return NOTHING
    missing, twice = lost(view, row) or 0, repeated(row)
    faults = [f"{count:,} {what}" for count, what in ((missing, "missing"), (twice, "twice")) if count > 0]
    return ", ".join(faults) or ("yes" if row.cell.parity.ok else "no")


def pages_per_second(row: CellView) -> float | None:
    """Give how many pages a second were worked through."""
    return row.median(lambda sample: -(-sample.items // row.page_size) / sample.wall_s)


def way_of_paging(row: CellView) -> str:
    """Name a way of paging without its page size."""
    size = str(row.arm.settings.get("limit", row.page_size))
    name = re.sub(rf"[\s,_-]*\b{re.escape(size)}\b.*$", "", row.cell.label) or row.cell.label
    return f"{name} at {row.level}" if row.level > 1 else name


def floor_seconds(view: ScenarioView, row: CellView) -> float | None:
    """Give how long the server's token bucket alone makes the requests that it answered take."""
    rate = view.rate
    answered = row.server_median(lambda server: server.requests - server.rate_limited)
    return None if rate is None or answered is None else max(0.0, answered - rate.burst) / rate.per_second


def over_floor(view: ScenarioView, row: CellView) -> float | None:
    """Give the time relative to what the token bucket alone takes."""
    seconds = floor_seconds(view, row)
    return row.time_s / seconds if row.time_s and seconds else None


def client_ms(row: CellView) -> float | None:
    """Give milliseconds a request from the client's side; of a row that has one request under way at a time."""

    def each(sample: Sample) -> float | None:
        requests = sample.server.requests if sample.server else sample.requests
        return sample.wall_s / requests * 1000 if requests else None

    return row.median(each)
