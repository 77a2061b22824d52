"""Pages that can be requested by number or offset, and so all at once."""

from __future__ import annotations

from typing import NamedTuple, Self

from stac_ingest.http.request import Request

_PAGE_NAMES = ("page", "pageNumber", "page_number")
_OFFSET_NAMES = ("offset", "skip", "startIndex", "startindex", "start_index", "startRecord", "from")


class PageNumbering(NamedTuple):
    """How a server numbers its pages: the parameter, its value for the second page, and its step."""

    name: str
    second: int
    step: int

    @classmethod
    def detect(cls, first: Request, following: Request, returned: int) -> Self | None:
        """Tell from the `next` of the first page, which holds `returned` items, how pages are numbered, if they are.

        A number is believed only when it is exactly what a second page must have; everything else is an opaque cursor.
        """
        for name in _PAGE_NAMES:
            before, after = _number(first.parameter(name)), _number(following.parameter(name))
            if after is not None and after == (1 if before is None else before) + 1:
                return cls(name, after, 1)
        for name in _OFFSET_NAMES:
            before, after = _number(first.parameter(name)), _number(following.parameter(name))
            if after is not None and after - (before or 0) in (returned, returned + 1):
                return cls(name, after, returned)
        return None

    def request(self, following: Request, index: int) -> Request:
        """Build the request for a page; index 0 is the second page, which `following` asks for."""
        return following.with_parameter(self.name, self.second + self.step * index)


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= 18 else None  # noqa: PLR2004 - 64 bits
