"""How many requests a server is best asked at once, found while asking.

The level doubles while that pays: while the answers of a round came clearly faster than those of the round before, and
this process has time to spare. Where doubling no longer pays, the lower of the two is kept, and now and then a slightly
higher or lower one is tried. A refusal or a failed request halves the level; it is never counted as an answer, however
fast it came. A round begins once the whole level is in use, and is twice as many answers as there are requests in
flight, so that each round sees its own level alone; while the level doubles, half of that has to do, since a short run
must not spend itself on the search.

This is the search for the knee of a closed system (N. Gunther, Guerrilla Capacity Planning, 2007, chapter 4) with the
multiplicative decrease of D.-M. Chiu and R. Jain, Computer Networks and ISDN Systems 17, 1989.
"""

from __future__ import annotations

from typing import NamedTuple

FIRST = 20
"""Requests at once to begin with: a run of 100 pages has no time for more than a doubling or two."""
PAYS = 1.4
"""Doubling is worth it where answers come this much faster: halfway between no gain and a full one, since a round is
short and its rate uncertain."""
STEP = 1.25
STEP_PAYS = 1.05
QUIET_ROUNDS = 8
"""Rounds between two trials of another level, and after a refusal before there is one."""
ANSWERS_PER_PLACE = 2
BUSY = 0.9
"""Share of the time in which this process computes, from which on more answers at once would only wait for it."""


class Round(NamedTuple):
    """What one round has shown."""

    level: int
    per_second: float
    worked: float
    """Share of the time that this process has computed in."""


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
        self._worked = 0.0
        self._answers = 0

    def started(self, now: float, worked: float, in_flight: int) -> None:
        """Note that a request starts, with which so many are in flight; `worked` is the process's CPU time, seconds."""
        if self._began is None and in_flight >= self.limit:
            # What came before, with places free, says little of this level.
            self._began, self._worked = now, worked

    def answered(self, now: float, worked: float) -> None:
        """Note that a request was answered as asked; `worked` is the process's CPU time, seconds."""
        if self._began is None:
            return
        self._answers += 1
        needed = self.limit if self._searching else ANSWERS_PER_PLACE * self.limit
        seconds = now - self._began
        if self._answers >= needed and seconds > 0:
            self._move(Round(self.limit, self._answers / seconds, (worked - self._worked) / seconds))
            self._end_round()

    def failed(self, now: float, started_at: float) -> None:
        """Note that a request was refused, or failed. Those that were in flight with it are one event."""
        if started_at < self._refused_at:
            return
        self._refused_at = now
        self.limit = max(1, self.limit // 2)
        self._best, self._searching, self._quiet = None, False, QUIET_ROUNDS
        self._end_round()

    def _end_round(self) -> None:
        self._began = None
        self._answers = 0

    def _move(self, found: Round) -> None:
        if self._best is None or found.level == self._best.level or self._pays(found, self._best):
            self._best = found
            self._next(busy=found.worked >= BUSY)
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

    def _next(self, *, busy: bool) -> None:
        if self._searching:
            self._searching = self.limit < self._most and not busy
            if self._searching:
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
