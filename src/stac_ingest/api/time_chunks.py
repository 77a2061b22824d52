"""The chunks of time of one run while they are read: cut where they must be, shared where they can be, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.api.chunks import Chunk, Plan, Verdict
from stac_ingest.api.order import marks
from stac_ingest.api.pages import Counts, Page, page_counts

if TYPE_CHECKING:
    from stac_ingest.api.links import Request
    from stac_ingest.api.stealing import Walker, Walkers
    from stac_ingest.summary import IngestSummary


class TimeChunks:
    """Joins the plan, which cuts, and the walkers, who share. `wanted` is the number of items that are to come."""

    def __init__(self, plan: Plan, walkers: Walkers, summary: IngestSummary, wanted: int) -> None:
        self._plan = plan
        self._walkers = walkers
        self._summary = summary
        self._wanted = wanted
        self.first = plan.first
        self.steal = walkers.steal
        self.give_back = walkers.give_back
        self.end = walkers.end

    def judge(self, chunk: Chunk, page: Page, counts: Counts) -> tuple[Verdict, list[Chunk]]:
        """Decide by its first page whether a chunk is walked, or which others are to be read instead."""
        count = counts.matched
        if count is None and chunk.family is not None and page.goes_on:
            verdict, parts = Verdict.DROP, self._plan.give_up("the server does not count every search")
        elif count is None or count <= chunk.bound:
            verdict, parts = self._plan.judge(chunk, count or counts.returned or 0)
        else:
            shared = self._walkers.readable(page, count)
            verdict, parts = self._plan.judge(chunk, count, shared=shared, tie=_tie(page))
        for note in self._plan.notes:
            self._summary.note(note)
        return verdict, parts

    def start(self, chunk: Chunk, page: Page, counts: Counts) -> Walker | None:
        """Begin to walk a chunk, in a way that others can take a part of; None where they can't."""
        return self._walkers.start(chunk, counts.matched, page)

    def advance(self, walker: Walker, page: Page, following: Request) -> bool:
        """Take note of a page of a chunk; say whether the walk is to stop before `following`."""
        return self._walkers.advance(walker, page, page_counts(page).returned or 0, following)

    @property
    def stopped_early(self) -> bool:
        """Whether any walk ended where another had taken over."""
        return self._walkers.stopped_early

    def rest(self, came: int) -> list[Request]:
        """List where to read on, when `came` items have come, since walks that stopped early don't add up.

        A part that failed leaves a gap that says nothing of the other walks.
        """
        requests = self._walkers.rest(short=came < self._wanted and not self._summary.failures)
        if requests:
            self._summary.note("pages came in another order of time than they seemed to; what was left out was read")
        return requests


def _tie(page: Page) -> int | None:
    """Give the instant that all items of a page seem to share."""
    seen = marks(page)
    return seen.first if seen is not None and seen.first == seen.middle == seen.last else None
