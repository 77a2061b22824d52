"""The links of a walk that are still to be followed, in little memory however many they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from stac_ingest.core.listing import BLOCK, PackedNames


class Unit(NamedTuple):
    """Links that are followed together."""

    urls: Sequence[str]
    depth: int
    """How many links lead there from the first document."""
    are_items: bool


class _Group(NamedTuple):
    urls: Iterator[str]
    depth: int


class Frontier:
    """Gives units as they are asked for; links that are added meanwhile come too, so it may go on after its end.

    Items come before documents, so that they are read while few links wait; and of documents those that were found
    last, so that a branch is done before the next one is begun. What waits is a list of links for each level of the
    catalog, compressed where it is long.
    """

    def __init__(self, together: int) -> None:
        """Give at most `together` links at once."""
        self._together = together
        self._items: list[_Group] = []
        self._documents: list[_Group] = []

    def add(self, urls: Iterable[str], depth: int, *, are_items: bool) -> None:
        """Take links that were found in one document."""
        remaining = iter(urls)
        few = list(islice(remaining, BLOCK))
        if few:
            more = PackedNames(remaining).drain() if len(few) == BLOCK else iter(())
            (self._items if are_items else self._documents).append(_Group(chain(few, more), depth))

    def __iter__(self) -> Iterator[Unit]:
        return self

    def __next__(self) -> Unit:
        are_items = bool(self._items)
        groups = self._items if are_items else self._documents
        while groups:
            urls: list[str] = []
            depth = groups[-1].depth
            while groups and groups[-1].depth == depth and len(urls) < self._together:
                urls += islice(groups[-1].urls, self._together - len(urls))
                if len(urls) < self._together:
                    groups.pop()
            if urls:
                return Unit(urls, depth, are_items)
            if are_items and not groups:
                are_items, groups = False, self._documents
        raise StopIteration
