"""The order of time in which a server's pages come, read off the pages, since defaults differ from server to server."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from stac_ingest.api.intervals import parse_instant
from stac_ingest.api.pages import page_counts

if TYPE_CHECKING:
    from stac_ingest.api.pages import Page

_START = re.compile(rb'"start_datetime"\s*:\s*"([^"]*)"')
_END = re.compile(rb'"end_datetime"\s*:\s*"([^"]*)"')
_DATETIME = re.compile(rb'"datetime"\s*:\s*"([^"/]*)"')


_LOOKED_AT = 1 << 16
"""Bytes of a page that tell whether its items last: to search all of a large one takes half a millisecond."""


class Marks(NamedTuple):
    """Instants of a page, in microseconds since 1970."""

    first: int
    median: int
    last: int


def marks(page: Page) -> Marks | None:
    """Read three instants of a page without parsing it; None where there are none to read."""
    body = page.body
    first, median, last = (_instant(_DATETIME.search(body, at)) for at in (0, len(body) // 2, _last_written(body)))
    return None if first is None or median is None or last is None else Marks(first, median, last)


def _last_written(body: bytes) -> int:
    """Find where the last instant stands. Behind it, a link may repeat the interval requested."""
    at = len(body)
    while at > 0 and not _DATETIME.match(body, at):
        at = body.rfind(b'"datetime"', 0, at)
    return max(at, 0)


def _instant(match: re.Match[bytes] | None) -> int | None:
    return None if match is None else parse_instant(match[1].decode("ascii", "replace"))


def instants_of(page: Page) -> list[int | None]:
    """Give every instant written as a `datetime` on a page, in order. A hint: not all need be those of its items."""
    return [_instant(match) for match in _DATETIME.finditer(page.body)]


class Lasting(NamedTuple):
    """How long the items of a page last, and how densely they lie: so many reach over a cut as begin in that time."""

    duration: float
    """In microseconds, on average; 0 for instants."""
    pace: float
    """Microseconds from one item's start to the next."""

    @property
    def reach(self) -> float:
        """How many items reach over an instant among them."""
        return self.duration / max(1.0, self.pace)


INSTANTS = Lasting(0.0, 0.0)


def lasting(page: Page) -> Lasting:
    """Read off a page how long its items last. A hint: nothing depends on it but the number of requests."""
    if page.body.find(b'"end_datetime"', 0, _LOOKED_AT) < 0:
        return INSTANTS
    starts, ends = ([_instant(match) for match in pattern.finditer(page.body)] for pattern in (_START, _END))
    known = [(start, end) for start, end in zip(starts, ends, strict=False) if start is not None and end is not None]
    if len(starts) != len(ends) or not known:
        return INSTANTS
    items = page_counts(page).returned or len(known)
    first, last = (pick(start for start, _ in known) for pick in (min, max))
    return Lasting(sum(max(0, end - start) for start, end in known) / items, (last - first) / items)


class Order:
    """Whether pages come oldest or newest first, as far as was seen. One page out of order breaks it for good."""

    def __init__(self) -> None:
        self.sign = 0
        """1 for oldest first, -1 for newest first, 0 where no page has shown it yet."""
        self.broken = False

    @property
    def known(self) -> bool:
        """Whether all that was seen lies in one order."""
        return self.sign != 0 and not self.broken

    def ahead(self, start: int, end: int) -> int:
        """Say how far, in microseconds, `end` lies behind `start` in the order of the pages."""
        return (end - start) * self.sign

    def observe(self, page: Page, seen: Marks) -> None:
        """Take note of how a page lies in time. The first one that shows an order is looked at whole."""
        if self.sign == 0 and seen.first != seen.last:
            self.sign = 1 if seen.last > seen.first else -1
            written = [instant for instant in instants_of(page) if instant is not None]
            self.broken |= any(self.ahead(*pair) < 0 for pair in pairwise(written))
        self.broken |= self.ahead(seen.first, seen.median) < 0 or self.ahead(seen.median, seen.last) < 0
