"""How many items to ask for in one page: a control that moves while a cursor is followed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stac_ingest.core.text import counted
from stac_ingest.errors import ResponseError, ResponseTooLarge

if TYPE_CHECKING:
    from stac_ingest.http.request import Request
    from stac_ingest.summary import IngestSummary

STRETCH = 1.125
"""A page may be so many times as large as requested where that saves a request."""
_TOO_MUCH_ASKED = frozenset({413, 502, 504})
_NOT_ACCEPTED = frozenset({400, 422})


class PageSize:
    """The page size of one cursor. With `fixed` it stays, since where a page begins depends on it."""

    def __init__(self, summary: IngestSummary, *, fixed: bool) -> None:
        self._summary = summary
        self._fixed = fixed
        self._size: int | None = None
        self._before_stretch: int | None = None

    def apply(self, request: Request) -> Request:
        """Put the present size into a request that a server's link made."""
        if self._size is None or not self._movable(request) or _limit(request) == self._size:
            return request
        return request.with_parameter("limit", self._size)

    def can_shrink(self, request: Request) -> bool:
        """Whether fewer items could be requested."""
        return self._movable(request) and _limit(request) > 1

    def shrink(self, request: Request, error: ResponseError) -> Request | None:
        """Ask for fewer items after an error that may come of their number; None when it can't."""
        size = _limit(request)
        if not self.can_shrink(request):
            return None
        if self._before_stretch is not None and error.status in _NOT_ACCEPTED:
            self._size, self._before_stretch = self._before_stretch, None
        elif error.status in _TOO_MUCH_ASKED or isinstance(error, ResponseTooLarge):
            self._size, self._before_stretch = size // 2, None
        else:
            return None
        self._summary.note(
            f"a page of {counted(size, 'item')} failed (status {error.status}); {self._size:,} were asked for next"
        )
        return request.with_parameter("limit", self._size)

    def stretch(self, request: Request, remaining: int) -> None:
        """Spread the `remaining` items over one page less than they need, if pages stay about as large as requested."""
        size = _limit(request)
        if size <= 0 or remaining <= size:
            return
        larger = math.ceil(remaining / (math.ceil(remaining / size) - 1))
        if larger <= size * STRETCH:
            self._size, self._before_stretch = larger, size

    def _movable(self, request: Request) -> bool:
        return not self._fixed and request.parameter("page") is None


def _limit(request: Request) -> int:
    """Items a page as the request asks for; 0 when it doesn't say."""
    try:
        return int(request.parameter("limit"))
    except (TypeError, ValueError):
        return 0
