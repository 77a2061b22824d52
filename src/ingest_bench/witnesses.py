"""What a sample's own counters say about a bottleneck that was found by removal: they back it up, or contradict it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest_bench.bottleneck import Bottleneck
from ingest_bench.results import Sample

BUSY, IDLE = 0.8, 0.5
"""Shares of one processor above which an ingest computes, and below which it waits."""
LITTLE = 0.05
HELD = 0.75
"""Share of the concurrency in flight above which the other side is waited for."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One counter."""

    name: Literal["processor time", "context switches", "bytes read", "Little's law", "requests in flight"]
    value: float
    unit: str
    agrees: bool | None
    """Whether it supports the bottleneck; None when it says nothing about it."""


def witnesses(samples: Sequence[Sample], bottleneck: Bottleneck, concurrency: int) -> list[Witness]:
    """Ask the counters of the whole ingest's samples.

    Little's law says that the requests in flight are their rate times the response time (J. D. C. Little, Operations
    Research 9, 1961); the server counts all three on its own. Where they disagree it missed requests, and nothing it
    says can be relied on.

    Args:
        samples: of the arm with nothing left out.
        bottleneck: as found by removal.
        concurrency: of that arm.

    """
    used = [sample for sample in samples if sample.void is None]
    if not used:
        return []
    waits = bottleneck in ("I/O", "network", "server")
    share = _middle(used, lambda sample: (sample.cpu_user_s + sample.cpu_system_s) / sample.wall_s)
    found = [
        Witness("processor time", share, "of one processor", _computes(share, bottleneck, waits=waits)),
        Witness(
            "context switches", _middle(used, lambda sample: sample.context_switches / sample.wall_s), "a second", None
        ),
    ]
    read = [sample.bytes_read / sample.wall_s / 1e6 for sample in used if sample.bytes_read is not None]
    if read:
        found.append(Witness("bytes read", statistics.median(read), "MB a second", None))
    return found + _served(used, bottleneck, concurrency)


def _computes(share: float, bottleneck: Bottleneck, *, waits: bool) -> bool | None:
    if bottleneck == "CPU" and (share >= BUSY or share < IDLE):
        return share >= BUSY
    if waits and (share >= BUSY or share < IDLE):
        return share < IDLE
    return None


def _served(samples: Sequence[Sample], bottleneck: Bottleneck, concurrency: int) -> list[Witness]:
    records = [sample.server for sample in samples if sample.server]
    if not records:
        return []
    little = statistics.median(record.little_ratio for record in records)
    held = statistics.median(record.in_flight_mean for record in records) / concurrency
    # Requests that wait in the network are not yet, or no longer, in flight at the server.
    supported = held >= HELD if bottleneck == "server" else held < HELD if bottleneck in ("CPU", "output") else None
    return [
        Witness("Little's law", little, "of rate x response time", None if abs(little - 1) <= LITTLE else False),
        Witness("requests in flight", held, "of the concurrency", supported),
    ]


def _middle(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    return statistics.median(value(sample) for sample in samples)
