"""The chunks of time of one run while they are read: cut where they must be, shared where they can be, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.api.pages import Counts, Page, page_counts
from stac_ingest.api.time_chunks.page_order import lasting, marks
from stac_ingest.api.time_chunks.splitting import Chunk, Decision, Plan

if TYPE_CHECKING:
    from stac_ingest.api.time_chunks.work_stealing import ActiveChunk, WorkStealingPool
    from stac_ingest.errors import ResponseError
    from stac_ingest.http.request import Request
    from stac_ingest.summary import IngestSummary


class TimeChunks:
    """Joins the plan, which cuts, and the pool, which shares. `wanted` is the number of items that are to come."""

    def __init__(self, plan: Plan, pool: WorkStealingPool, summary: IngestSummary, wanted: int) -> None:
        self._plan = plan
        self._pool = pool
        self._summary = summary
        self._wanted = wanted
        self.first = plan.first
        self.steal = pool.steal
        self.cancel_split = pool.cancel_split
        self.end = pool.end

    def judge(self, chunk: Chunk, page: Page, counts: Counts) -> tuple[Decision, list[Chunk]]:
        """Decide by its first page whether a chunk is read, or which others are to be read instead."""
        count = counts.matched
        if count is None and chunk.group is not None and page.has_next:
            decision, parts = Decision.SPLIT, self._plan.give_up("the server does not count every search")
        elif count is None or count <= chunk.bound:
            decision, parts = self._plan.judge(chunk, count or counts.returned or 0, lasts=lasting(page))
        else:
            shared = self._pool.readable(page, count)
            decision, parts = self._plan.judge(chunk, count, shared=shared, tie=_tie(page), lasts=lasting(page))
        for note in self._plan.notes:
            self._summary.note(note)
        return decision, parts

    def give_up(self, error: ResponseError) -> list[Chunk]:
        """Return the whole in one piece, to be read in place of all chunks, after an interval of time was refused."""
        parts = self._plan.give_up(f"the server refuses an interval of time (status {error.status})")
        for note in self._plan.notes:
            self._summary.note(note)
        return parts

    def start(self, chunk: Chunk, page: Page, counts: Counts) -> ActiveChunk | None:
        """Register a chunk that others can take a part of while it is read; None where they can't."""
        return self._pool.start(chunk, counts.matched, page)

    def advance(self, active: ActiveChunk, page: Page, following: Request) -> bool:
        """Take note of a page of a chunk; return whether its reader is to stop before `following`."""
        return self._pool.advance(active, page, page_counts(page).returned or 0, following)

    @property
    def stopped_early(self) -> bool:
        """Whether any reader stopped where another worker had taken over."""
        return self._pool.stopped_early

    def rest(self, received: int) -> list[Request]:
        """List the requests to read on with, given the number of items received, for chunks that don't add up.

        A part that failed leaves a gap that says nothing of the other chunks.
        """
        requests = self._pool.rest(short=received < self._wanted and not self._summary.failures)
        if requests:
            self._summary.note("the pages turned out to be in another order of time; the skipped items were read")
        return requests


def _tie(page: Page) -> int | None:
    """Give the instant that all items of a page seem to share."""
    seen = marks(page)
    return seen.first if seen is not None and seen.first == seen.median == seen.last else None
