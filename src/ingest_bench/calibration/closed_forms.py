"""Closed forms of artificial systems, derived in `docs/calibration.md`.

Every system is a closed loop: so many workers, each with one unit (a request, a file) under way at a time, each unit
passing the stations one after another. All times are fixed, so nothing is averaged.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Station:
    """A stage that a unit passes."""

    name: str
    seconds: float
    """Service time of one unit."""
    servers: int | None = None
    """Units served at once; None: any number, as a delay does."""

    @property
    def capacity(self) -> float:
        """Units per second that it can serve at most."""
        if self.seconds == 0 or self.servers is None:
            return math.inf
        return self.servers / self.seconds


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket before the stations: `burst` units at once, `rate` a second in the long run."""

    rate: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Law:
    """The Universal Scalability Law: X(N) = scale N / (1 + contention (N - 1) + coherency N (N - 1)).

    N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007, chapter 4.
    """

    scale: float
    contention: float
    coherency: float

    def throughput(self, workers: float) -> float:
        """Give units per second."""
        slowed = 1 + self.contention * (workers - 1) + self.coherency * workers * (workers - 1)
        return self.scale * workers / slowed

    @property
    def peak(self) -> float:
        """The number of workers with the highest throughput, where the derivative is 0."""
        return math.sqrt((1 - self.contention) / self.coherency)


def throughput(stations: Sequence[Station], workers: int) -> float:
    """Give units per second in the long run: X(N) = min(N / R, min of the capacities), R being the sum of the times.

    The asymptotic bounds of operational analysis (P. J. Denning and J. P. Buzen, ACM Computing Surveys 10, 1978; E. D.
    Lazowska et al., "Quantitative System Performance", 1984, chapter 5), which fixed times attain.
    """
    return min(workers / sum(each.seconds for each in stations), *(each.capacity for each in stations))


def limited_seconds(requests: int, delay: float, workers: int, bucket: Bucket) -> float:
    """Give the seconds that requests take which a token bucket admits: T = max(n / N x delay, (n - b) / r + delay).

    The first term is the loop without a bucket; the second says that the last request can't start before the bucket has
    given out n tokens, b of which it began with.
    """
    return max(math.ceil(requests / workers) * delay, (requests - bucket.burst) / bucket.rate + delay)


def without(stations: Sequence[Station], name: str) -> list[Station]:
    """Return the stations without one of them."""
    return [each for each in stations if each.name != name]


def removal_gain(stations: Sequence[Station], name: str, workers: int) -> float:
    """Give how many times the throughput is without a stage.

    With one worker this is Amdahl's law, 1 / (1 - the stage's share of the time) (G. M. Amdahl, AFIPS 1967).
    """
    return throughput(without(stations, name), workers) / throughput(stations, workers)
