"""Counters of a sample that corroborate or contradict the bottleneck that ablation gave."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest_bench.analysis.bottleneck import Bottleneck
from ingest_bench.results.models import Sample

CPU_BUSY, CPU_IDLE = 0.8, 0.5
"""Shares of one processor above which an ingest computes, and below which it waits."""
LITTLE_TOLERANCE = 0.05
"""Relative deviation from Little's law within which it holds."""
IN_FLIGHT_SHARE = 0.75
"""Share of the concurrency in flight at the server above which the ingest waits for it."""


@dataclass(frozen=True, slots=True)
class Corroboration:
    """One counter."""

    name: Literal["processor time", "context switches", "bytes read", "Little's law", "requests in flight"]
    value: float
    unit: str
    agrees: bool | None
    """Whether it supports the bottleneck; None when it says nothing about it."""


def corroborating_counters(samples: Sequence[Sample], bottleneck: Bottleneck, concurrency: int) -> list[Corroboration]:
    """Give the counters of the whole ingest's samples.

    Little's law says that the requests in flight are their rate times the response time (J. D. C. Little, Operations
    Research 9, 1961); the server counts all three on its own. Where they disagree it missed requests, and none of its
    counts is reliable.

    Args:
        samples: of the arm with nothing left out.
        bottleneck: as found by ablation.
        concurrency: of that arm.

    """
    valid = [sample for sample in samples if sample.invalid is None]
    if not valid:
        return []
    waits = bottleneck in ("I/O", "network", "server")
    share = statistics.median((sample.cpu_user_s + sample.cpu_system_s) / sample.wall_s for sample in valid)
    switches = statistics.median(sample.context_switches / sample.wall_s for sample in valid)
    counters = [
        Corroboration("processor time", share, "of one processor", _supports(share, bottleneck, waits=waits)),
        Corroboration("context switches", switches, "a second", None),
    ]
    read_rates = [sample.bytes_read / sample.wall_s / 1e6 for sample in valid if sample.bytes_read is not None]
    if read_rates:
        counters.append(Corroboration("bytes read", statistics.median(read_rates), "MB a second", None))
    return counters + _server_counters(valid, bottleneck, concurrency)


def _supports(share: float, bottleneck: Bottleneck, *, waits: bool) -> bool | None:
    if CPU_IDLE <= share < CPU_BUSY or not (waits or bottleneck == "CPU"):
        return None
    return (share < CPU_IDLE) == waits


def _server_counters(samples: Sequence[Sample], bottleneck: Bottleneck, concurrency: int) -> list[Corroboration]:
    records = [sample.server for sample in samples if sample.server]
    if not records:
        return []
    little = statistics.median(record.little_ratio for record in records)
    in_flight = statistics.median(record.in_flight_mean for record in records) / concurrency
    # Requests that wait in the network are not yet, or no longer, in flight at the server.
    served = in_flight >= IN_FLIGHT_SHARE
    supported = served if bottleneck == "server" else not served if bottleneck in ("CPU", "output") else None
    holds = None if abs(little - 1) <= LITTLE_TOLERANCE else False
    return [
        Corroboration("Little's law", little, "of rate x response time", holds),
        Corroboration("requests in flight", in_flight, "of the concurrency", supported),
    ]
