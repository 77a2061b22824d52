"""A closed loop, event by event, in virtual time. It knows the stations, and none of the formulas of `truth`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush

from ingest_bench.calibration.truth import Bucket, Station


def run_seconds(stations: Sequence[Station], workers: int, units: int, bucket: Bucket | None = None) -> float:
    """Run `units` through the stations with so many workers; give the time when the last one leaves.

    Queues are served first come, first served. A worker takes its next unit when the last one has left.
    """
    return _Loop(stations, units, bucket).run(workers)


class _Loop:
    def __init__(self, stations: Sequence[Station], units: int, bucket: Bucket | None) -> None:
        self._stations = stations
        self._left = units
        self._door = _Door(bucket) if bucket else None
        self._free = [each.servers for each in stations]
        self._queues = [deque[int]() for _ in stations]
        self._events: list[tuple[float, int, int, int]] = []
        """When, order of scheduling, worker, and the station it is done with (-1: the door)."""
        self._scheduled = 0

    def run(self, workers: int) -> float:
        for worker in range(workers):
            self._take(worker, 0.0)
        now = 0.0
        while self._events:
            now, _, worker, place = heappop(self._events)
            if place >= 0:
                self._release(place, now)
            if place + 1 < len(self._stations):
                self._arrive(worker, place + 1, now)
            else:
                self._take(worker, now)
        return now

    def _take(self, worker: int, now: float) -> None:
        if self._left:
            self._left -= 1
            self._schedule(self._door.open_at(now) if self._door else now, worker, -1)

    def _arrive(self, worker: int, place: int, now: float) -> None:
        free = self._free[place]
        if free == 0:
            self._queues[place].append(worker)
            return
        if free is not None:
            self._free[place] = free - 1
        self._schedule(now + self._stations[place].seconds, worker, place)

    def _release(self, place: int, now: float) -> None:
        if self._queues[place]:
            self._schedule(now + self._stations[place].seconds, self._queues[place].popleft(), place)
            return
        free = self._free[place]
        if free is not None:
            self._free[place] = free + 1

    def _schedule(self, when: float, worker: int, place: int) -> None:
        self._scheduled += 1
        heappush(self._events, (when, self._scheduled, worker, place))


class _Door:
    """A token bucket that those who find it empty wait at, in their order."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._level = float(bucket.burst)
        self._since = 0.0

    def open_at(self, now: float) -> float:
        self._level = min(self._bucket.burst, self._level + (now - self._since) * self._bucket.rate) - 1
        self._since = now
        return now + max(0.0, -self._level / self._bucket.rate)
