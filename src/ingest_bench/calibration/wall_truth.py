"""What is true of the cells on the wall clock: the closed form of delay and slots, and the work of the two processes.

A process adds some milliseconds to a request. How many, the runs of a single worker show, who never waits for another
one. But not in which order a thread does what waits for it, so that the truth of several workers is a narrow range.
"""

import statistics
from collections.abc import Sequence
from typing import NamedTuple, Self

from ingest_bench.calibration.closed_forms import Station
from ingest_bench.calibration.event_simulation import run_seconds
from ingest_bench.results.models import Sample

PAGES = 13
DELAY, SERVICE, SLOTS = 0.200, 0.100, 3
"""The knee is at 3 (1 + 200 / 100) = 9 requests in flight. Requests are few and long, so that what processes add to one
is less than a hundredth of it."""


class Seen(NamedTuple):
    """What a run of a single worker takes, who never waits for another one, seconds."""

    delay: float
    """Of a request, as long as the server really slept."""
    slots: float
    """Of a request, likewise."""
    server: float
    """Of a request: the server's own work while a slot is held, which its one thread does."""
    client: float
    """Between two requests: the client's own work and the way."""
    run: float
    """Of a run: what comes before the first request and after the last response."""

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Self:
        """Take the medians.

        Args:
            samples: of a single worker, with what the server saw.

        """
        found = []
        for sample in samples:
            server = sample.server
            assert server  # the scenario has one
            slept = server.think_ms_achieved / 1e3
            response = server.response_ms_mean / 1e3
            slots = SERVICE + slept - DELAY  # both are sleeps of one event loop, and one oversleeps like the other
            found.append(
                cls(
                    delay=slept,
                    slots=slots,
                    server=response - slept - slots,
                    client=server.window_s / server.requests - response,
                    run=sample.wall_s - server.window_s,
                )
            )
        return cls(*map(statistics.median, zip(*found, strict=True)))


def one_by_one_seconds(seen: Seen) -> float:
    """Give the seconds that a single worker takes: landing page, collection, and each page, one after another."""
    return seen.run + (2 + PAGES) * (seen.delay + seen.slots + seen.server + seen.client)


def concurrent_seconds(seen: Seen, workers: int, *, in_turns: bool) -> float:
    """Give the seconds that several workers take: landing page and collection at once, a first page, then all others.

    Args:
        seen: what each request takes.
        workers: at work on the pages.
        in_turns: whether a thread works on all requests that come together in turns, so that each waits for the work on
            all of them. These are all that the client sends at first, and later those that had a slot at the same time.
            Otherwise it does what it has for one request while the others are elsewhere, and each waits for its own.

    """

    def seconds(workers: int, requests: int) -> float:
        at_first = min(workers, requests) - 1 if in_turns else 0
        together = min(workers, SLOTS) if in_turns else 1
        stations = [
            Station("delay", seen.delay),
            Station("slots", seen.slots + together * seen.server, SLOTS),
            Station("client", together * seen.client),
        ]
        return at_first * seen.client + run_seconds(stations, workers, requests)

    return seen.run + seconds(2, 2) + seconds(1, 1) + seconds(workers, PAGES - 1)


def true_speedups(seen: Seen, workers: int, beside: int | None = None) -> tuple[float, float]:
    """Give the lowest and the highest speed-up of so many workers that the closed form leaves open.

    Args:
        seen: what each request takes.
        workers: whose speed is meant.
        beside: workers with whose speed it is compared; None: a single one.

    """
    found = []
    for in_turns in (False, True):
        seconds = concurrent_seconds(seen, workers, in_turns=in_turns)
        before = concurrent_seconds(seen, beside, in_turns=in_turns) if beside else one_by_one_seconds(seen)
        found.append(before / seconds)
    return min(found), max(found)
