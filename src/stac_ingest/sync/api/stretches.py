"""Stretches of time with what should be in each, and which of them the server counts otherwise."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stac_ingest.api.intervals import EARLIEST, LATEST, MILLISECOND, SECOND, Interval
from stac_ingest.api.search_forms import REFUSED_INTERVAL
from stac_ingest.errors import RateLimited, ResponseError
from stac_ingest.sync.api.held_months import HeldMonths, month_start
from stac_ingest.sync.api.session import ApiSession
from stac_ingest.sync.plan import Covered
from stac_ingest.sync.progress import Progress

_AT_ONCE = 64
"""Counts that are asked for before the progress is told."""
_LAST_MONTH = 9999 * 12 + 11


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time: of items by their own instant, its start included and its end not.

    Attributes:
        start: microseconds since 1970; None for an open start.
        before: the same; None for an open end.
        expected: items that the source should have in it.
        is_silent: whether held items in it have no `updated`.
        counted: items that the server has in it; None where it doesn't count, or wasn't asked.

    """

    start: int | None
    before: int | None
    expected: int
    is_silent: bool = False
    counted: int | None = None

    @property
    def fits(self) -> bool:
        """Whether the server counts what is expected."""
        return self.counted == self.expected

    @property
    def items(self) -> int:
        """About how many items are in it."""
        return max(self.expected, self.counted or 0)

    @property
    def covered(self) -> Covered:
        """The same interval, as a plan has it."""
        return Covered(start=self.start, before=self.before)


def wide(start: int | None, before: int | None, requested: Interval) -> Interval:
    """Return the interval that is read for a stretch of time: a second wider, within what is requested.

    There are servers that leave out what lies on an end, or that know no fractions of a second.
    """
    begin = requested.start if start is None else start - SECOND
    end = requested.end if before is None else before + SECOND
    if requested.start is not None and begin is not None:
        begin = max(begin, requested.start)
    if requested.end is not None and end is not None:
        end = min(end, requested.end)
    return Interval(begin, end)


def stretches_of(months: HeldMonths, requested: Interval) -> list[Stretch]:
    """Cut the time that is requested into months with items and what lies between, before and after."""
    present = sorted(month for month, count in months.expected.items() if count)
    starts = {month_start(one) for month in present for one in (month, month + 1) if one <= _LAST_MONTH}
    edges = sorted(one for one in starts if _is_inside(one, requested))
    expected = [0] * (len(edges) + 1)
    silent = [False] * (len(edges) + 1)
    for month in present:
        at = bisect_right(edges, month_start(month))
        expected[at] += months.expected[month]
        silent[at] |= month in months.silent
    bounds = pairwise([None, *edges, None])
    return [Stretch(start, before, expected[at], silent[at]) for at, (start, before) in enumerate(bounds)]


async def counted(
    session: ApiSession, stretches: Sequence[Stretch], total: int | None, progress: Progress
) -> list[Stretch] | None:
    """Have the server count each stretch.

    Returns:
        None where it doesn't count, refuses intervals of time, or has items that searches by time don't find.

    Raises:
        DataProcessingError: there is no useful response.

    """
    if total is None:
        return None
    try:
        if await finds_all_by_time(session, total):
            return await _counted(session, stretches, progress)
        session.summary.note("searches by time don't find all items, so items are counted and listed as a whole")
    except ResponseError as error:
        if isinstance(error, RateLimited) or error.status not in REFUSED_INTERVAL:
            raise
        session.summary.note(f"the server refuses intervals of time (status {error.status}), so months aren't counted")
    return None


async def _counted(session: ApiSession, stretches: Sequence[Stretch], progress: Progress) -> list[Stretch]:
    made: list[Stretch] = []
    for at in range(0, len(stretches), _AT_ONCE):
        some = stretches[at : at + _AT_ONCE]
        counts = await asyncio.gather(*(session.count(_closed(one, session.requested)) for one in some))
        made += [
            Stretch(one.start, one.before, one.expected, one.is_silent, count)
            for one, count in zip(some, counts, strict=True)
        ]
        progress("counting months", len(made))
    return made


async def finds_all_by_time(session: ApiSession, total: int) -> bool:
    """Say whether searches by time find all items: there are servers whose items without an instant come in none."""
    if session.requested != (None, None):
        return True
    return await session.count(Interval(EARLIEST, LATEST)) == total


def joined(stretches: Sequence[Stretch], most: int) -> list[Stretch]:
    """Join neighbours until each holds about so many items, at most."""
    made: list[Stretch] = []
    for one in stretches:
        whole = _whole([made[-1], one]) if made else None
        if whole is not None and made[-1].items + one.items <= most:
            made[-1] = whole
        else:
            made.append(one)
    return made


def bridged(stretches: Sequence[Stretch], wanted: Collection[Stretch], most: int, page: int) -> list[Stretch]:
    """Join wanted stretches, and what lies between them where that takes no page more: a last page is part-filled.

    Args:
        stretches: that may be read, in their order.
        wanted: those that have to be.
        most: items of a joined one, about.
        page: items of a page.

    """
    made: list[Stretch] = []
    between: list[Stretch] = []
    for one in stretches:
        if one not in wanted:
            between.append(one)
            continue
        whole = _whole([made[-1], *between, one]) if made else None
        between = []
        apart = sum(_pages(some, page) for some in (*made[-1:], one))
        if whole is not None and whole.items <= most and _pages(whole, page) <= apart:
            made[-1] = whole
        else:
            made.append(one)
    return made


def _whole(stretches: Sequence[Stretch]) -> Stretch | None:
    """Return stretches as one; None where they don't follow each other."""
    if any(one.before != other.start for one, other in pairwise(stretches)):
        return None
    counts = [one.counted for one in stretches if one.counted is not None]
    return Stretch(
        stretches[0].start,
        stretches[-1].before,
        sum(one.expected for one in stretches),
        any(one.is_silent for one in stretches),
        sum(counts) if len(counts) == len(stretches) else None,
    )


def _pages(one: Stretch, page: int) -> int:
    return max(1, -(-one.items // page))


def _is_inside(instant: int, requested: Interval) -> bool:
    after = requested.start is None or instant > requested.start
    return after and (requested.end is None or instant <= requested.end)


def _closed(stretch: Stretch, requested: Interval) -> Interval:
    """Return the closed interval: a server may know no shorter time than a millisecond."""
    start = requested.start if stretch.start is None else stretch.start
    end = requested.end if stretch.before is None else stretch.before - MILLISECOND
    return Interval(start, end)
