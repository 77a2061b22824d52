"""The order of time in which a server's pages come, read off the pages, since defaults differ from server to server."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from stac_ingest.api.intervals import parse_instant

if TYPE_CHECKING:
    from stac_ingest.api.pages import Page

_DATETIME = re.compile(rb'"datetime"\s*:\s*"([^"/]*)"')


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
