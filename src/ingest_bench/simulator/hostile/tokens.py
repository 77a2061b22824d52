"""Other names for the same pages."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest_bench.simulator.paging import Paging
    from ingest_bench.simulator.parameters import Search

_MARK = "~"


class FreshTokens:
    """Tokens that are never given out twice. The pages that they name are those of the tokens within."""

    def __init__(self, paging: Paging) -> None:
        self._paging = paging
        self._fresh = count(1)
        self.parameter = paging.parameter

    def start(self, search: Search) -> int:
        """Say how many items come before the page."""
        return self._paging.start(replace(search, position=base(search.position)))

    def following(self, search: Search, start: int) -> str:
        """Make a token unlike those before it."""
        return f"{self._paging.following(search, start)}{_MARK}{next(self._fresh)}"


class Renamed:
    """Another name for the parameter, and numbers that begin elsewhere."""

    def __init__(self, paging: Paging, parameter: str, first: int = 0) -> None:
        self._paging = paging
        self._first = first
        self.parameter = parameter

    def start(self, search: Search) -> int:
        """Say how many items come before the page."""
        position = search.position
        if isinstance(position, str) and position.isdecimal():
            position = int(position)
        if isinstance(position, int):
            position -= self._first
        return self._paging.start(replace(search, position=position))

    def following(self, search: Search, start: int) -> str | int:
        """Give the parameter's value for the next page."""
        found = self._paging.following(search, start)
        return found + self._first if isinstance(found, int) else found


def base(position: Any) -> Any:
    """Give a token without what makes it fresh."""
    return position.partition(_MARK)[0] if isinstance(position, str) else position
