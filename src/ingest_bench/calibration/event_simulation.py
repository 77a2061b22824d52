"""Event simulation of a closed loop in virtual time; it shares no formula with the closed forms of `closed_forms`."""

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush

from ingest_bench.calibration.closed_forms import Bucket, Station


def run_seconds(stations: Sequence[Station], workers: int, units: int, bucket: Bucket | None = None) -> float:
    """Give the seconds until the last of `units` has left the stations.

    Queues are served first come, first served. A worker takes its next unit when the last one has left.

    Args:
        stations: that each unit passes, in order.
        workers: units under way at once.
        units: to run.
        bucket: that admits units, if any.

    """
    return _Loop(stations, units, bucket).run(workers)


class _Loop:
    def __init__(self, stations: Sequence[Station], units: int, bucket: Bucket | None) -> None:
        self._stations = stations
        self._remaining = units
        self._bucket = _TokenBucket(bucket) if bucket else None
        self._free = [each.servers for each in stations]
        self._queues = [deque[int]() for _ in stations]
        self._events: list[tuple[float, int, int, int]] = []
        """When, order of scheduling, worker, and the station it is done with (-1: the token bucket)."""
        self._scheduled = 0

    def run(self, workers: int) -> float:
        for worker in range(workers):
            self._take(worker, 0.0)
        now = 0.0
        while self._events:
            now, _, worker, station = heappop(self._events)
            if station >= 0:
                self._release(station, now)
            if station + 1 < len(self._stations):
                self._arrive(worker, station + 1, now)
            else:
                self._take(worker, now)
        return now

    def _take(self, worker: int, now: float) -> None:
        if self._remaining:
            self._remaining -= 1
            self._schedule(self._bucket.admit(now) if self._bucket else now, worker, -1)

    def _arrive(self, worker: int, station: int, now: float) -> None:
        free = self._free[station]
        if free == 0:
            self._queues[station].append(worker)
            return
        if free is not None:
            self._free[station] = free - 1
        self._schedule(now + self._stations[station].seconds, worker, station)

    def _release(self, station: int, now: float) -> None:
        if self._queues[station]:
            self._schedule(now + self._stations[station].seconds, self._queues[station].popleft(), station)
            return
        free = self._free[station]
        if free is not None:
            self._free[station] = free + 1

    def _schedule(self, when: float, worker: int, station: int) -> None:
        self._scheduled += 1
        heappush(self._events, (when, self._scheduled, worker, station))


class _TokenBucket:
    """A token bucket with a first-come, first-served queue."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._level = float(bucket.burst)
        self._since = 0.0

    def admit(self, now: float) -> float:
        # A negative level is the number of those that wait, so each waits for its own token.
        self._level = min(self._bucket.burst, self._level + (now - self._since) * self._bucket.rate) - 1
        self._since = now
        return now + max(0.0, -self._level / self._bucket.rate)
