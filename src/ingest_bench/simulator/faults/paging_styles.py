"""Paging that names the same pages differently."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest_bench.simulator.paging import Paging
    from ingest_bench.simulator.query_params import Search

_MARK = "~"


class FreshTokens:
    """Tokens that are never issued twice; each holds a token of the paging below."""

    def __init__(self, paging: Paging) -> None:
        self._paging = paging
        self._fresh = count(1)
        self.parameter = paging.parameter

    def start(self, search: Search) -> int:
        """Return how many items come before the page."""
        return self._paging.start(replace(search, position=base(search.position)))

    def following(self, search: Search, start: int) -> str:
        """Return a token that differs from all before it."""
        return f"{self._paging.following(search, start)}{_MARK}{next(self._fresh)}"


class Renamed:
    """Another name for the parameter, with numbers that start elsewhere."""

    def __init__(self, paging: Paging, parameter: str, first: int = 0) -> None:
        self._paging = paging
        self._first = first
        self.parameter = parameter

    def start(self, search: Search) -> int:
        """Return how many items come before the page."""
        position = search.position
        if isinstance(position, str) and position.isdecimal():
            position = int(position)
        if isinstance(position, int):
            position -= self._first
        return self._paging.start(replace(search, position=position))

    def following(self, search: Search, start: int) -> str | int:
        """Return the parameter's value for the next page."""
        value = self._paging.following(search, start)
        return value + self._first if isinstance(value, int) else value


def base(position: Any) -> Any:
    """Return the token below, without the suffix that makes it fresh."""
    return position.partition(_MARK)[0] if isinstance(position, str) else position
