"""Where a list of ids was when its process was killed, so that the next one goes on from there."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from pydantic import Field

from stac_ingest.core.text import counted
from stac_ingest.http.request import Request
from stac_ingest.sharding.plan import Record


class Listed(NamedTuple):
    """What came of a list of short items.

    Attributes:
        distinct: how many items came.
        counts: what the server counted on its pages, each number once; None where a page had no count.
        bad: members of the pages that are no items.

    """

    distinct: int
    counts: list[int | None]
    bad: int

    @property
    def is_counted(self) -> bool:
        """Whether the server said how many there are."""
        return any(one is not None for one in self.counts)

    @property
    def problem(self) -> str | None:
        """Why these may not be all, in words; None where the server's counts say nothing against it."""
        if self.bad:
            return f"{counted(self.bad, 'entry', 'entries')} on the pages of ids can't be an item"
        totals = {one for one in self.counts if one is not None}
        if totals - {self.distinct}:
            told = " and ".join(f"{one:,}" for one in sorted(totals))
            return f"the server counts {told} items (numberMatched), and {counted(self.distinct, 'id')} came"
        return None


class SoFar(Record):
    """What came of a list until now."""

    came: int = Field(default=0, description="items, each time they did")
    counts: list[int | None] = Field(default=[], description="what the server counted, each number once")
    bad: int = 0

    def with_page(self, count: int | None, fresh: int, bad: int) -> SoFar:
        """Return what came of it with another page."""
        counts = self.counts if count in self.counts else [*self.counts, count]
        return SoFar(came=self.came + fresh, counts=counts, bad=self.bad + bad)

    def listed(self, repeated: int) -> Listed:
        """Return the same of a list that is at its end, and in which so many items had come before."""
        return Listed(self.came - repeated, self.counts, self.bad)


class Mark(Record):
    """A place in a list: the last page that was taken in."""

    request: dict[str, Any] = Field(description="that the page answers, see `asked`")
    page: str = Field(description="a hash of the ids of the page")
    so_far: SoFar = Field(description="of this part of the search, with this page")
    search: str = Field(description="a hash of the requests that the parts of the search begin with")
    done: list[Listed] = Field(description="what came of the parts before")
    before: int = Field(description="items that came in these, each time they did")


class Marks(Protocol):
    """Keeps the place in a list, and the ids that were listed until there."""

    @property
    def mark(self) -> Mark | None:
        """The place where an earlier process was; None where there was none."""

    def repeated(self, since: int) -> int:
        """Count the ids that were handed on and had been before, also by an earlier process.

        Args:
            since: of the ids that were handed on, so many first ones don't count.

        Raises:
            DataProcessingError: the disk is full.

        """

    def keep(self, mark: Mark) -> None:
        """Keep a place, once what was listed until there was handed on.

        Raises:
            DataProcessingError: the disk is full.

        """

    def forget(self) -> None:
        """Forget the place and what was listed.

        Raises:
            DataProcessingError: the disk is full.

        """


def asked(request: Request) -> dict[str, Any]:
    """Return what a request is made of, as JSON has it. One with headers of its own is not kept."""
    return {"method": request.method, "url": request.url, "body": None if request.body is None else {**request.body}}
