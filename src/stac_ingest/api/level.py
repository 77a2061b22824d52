"""How many requests a server is best asked at once, found while asking.

The level doubles while that pays: while all of it was in use and the answers of a round came clearly faster than those
of the round before. Where doubling no longer pays, the lower of the two is kept, and now and then a slightly higher or
lower one is tried. A refusal or a failed request halves the level; it is never counted as an answer, however fast it
came. A round is twice as many answers as there are requests in flight, so that each round sees its own level alone;
while the level doubles, half of that has to do, since a short run must not spend itself on the search.

This is the search for the knee of a closed system (N. Gunther, Guerrilla Capacity Planning, 2007, chapter 4) with the
multiplicative decrease of D.-M. Chiu and R. Jain, Computer Networks and ISDN Systems 17, 1989.
"""

from __future__ import annotations

from typing import NamedTuple

FIRST = 10
"""Requests at once to begin with: few for any server, and three doublings from the most there can be."""
PAYS = 1.15
"""Doubling is worth it where answers come this much faster: half of it would be lost in noise."""
STEP = 1.25
STEP_PAYS = 1.05
QUIET_ROUNDS = 8
"""Rounds between two trials of another level, and after a refusal before there is one."""
ANSWERS_PER_PLACE = 2


class Round(NamedTuple):
    """What one round has shown."""

    level: int
    per_second: float


class Level:
    """The number of requests at once. Decides only; times are seconds of one monotonic clock."""

    def __init__(self, most: int) -> None:
        """Begin low; never ask more than `most` at once."""
        self.limit = min(FIRST, most)
        self.highest = self.limit
        self._most = most
        self._best: Round | None = None
        self._searching = True
        self._quiet = QUIET_ROUNDS
        self._upwards = False
        self._refused_at = float("-inf")
        self._began: float | None = None
        self._answers = 0
        self._reached = False

    def started(self, now: float, in_flight: int) -> None:
        """Note that a request starts, with which so many are in flight."""
        if self._began is None:
            self._began = now
        self._reached = self._reached or in_flight >= self.limit

    def answered(self, now: float) -> None:
        """Note that a request was answered as asked."""
        self._answers += 1
        needed = self.limit if self._searching else ANSWERS_PER_PLACE * self.limit
        if self._began is not None and self._answers >= needed and now > self._began:
            found, reached = Round(self.limit, self._answers / (now - self._began)), self._reached
            self._move(found, reached)
            self._begin(now)

    def failed(self, now: float, started_at: float) -> None:
        """Note that a request was refused, or failed. Those that were in flight with it are one event."""
        if started_at < self._refused_at:
            return
        self._refused_at = now
        self.limit = max(1, self.limit // 2)
        self._best, self._searching, self._quiet = None, False, QUIET_ROUNDS
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._began = now
        self._answers = 0
        self._reached = False

    def _move(self, found: Round, reached: bool) -> None:
        if not reached:
            return
        if self._best is None or found.level == self._best.level or self._pays(found, self._best):
            self._best = found
            self._next()
        else:
            self._settle(self._best)

    def _pays(self, found: Round, best: Round) -> bool:
        """Whether a level that was tried is to be kept; a lower one is where it gives nearly as much."""
        gain = found.per_second / best.per_second
        if found.level < best.level:
            return gain * STEP_PAYS >= 1
        return gain >= (PAYS if self._searching else STEP_PAYS)

    def _settle(self, best: Round) -> None:
        """Go back to what was better."""
        self._searching = False
        self._set(best.level)
        self._quiet = QUIET_ROUNDS

    def _next(self) -> None:
        if self._searching:
            if self.limit == self._most:
                self._searching = False
            self._set(2 * self.limit)
            return
        self._quiet -= 1
        if self._quiet <= 0:
            self._quiet = QUIET_ROUNDS
            self._upwards = not self._upwards
            self._set(max(self.limit + 1, int(self.limit * STEP)) if self._upwards else int(self.limit / STEP))

    def _set(self, level: int) -> None:
        self.limit = max(1, min(level, self._most))
        self.highest = max(self.highest, self.limit)
