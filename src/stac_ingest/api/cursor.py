"""Following a cursor: page after page, each known only from the one before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from stac_ingest.api.links import VisitedRequests, next_request
from stac_ingest.api.loop_detection import LoopDetector
from stac_ingest.api.page_size import PageSize
from stac_ingest.api.pages import Page, page_counts, read_page
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError, ResponseError
from stac_ingest.http.request import Request

if TYPE_CHECKING:
    from stac_ingest.api.search_forms import SearchClient
    from stac_ingest.http.retries import RetryingClient
    from stac_ingest.summary import IngestSummary

MAX_EMPTY_PAGES = 100
"""In a row; some servers filter after they cut the pages, others never end."""
_STEPS_TO_THE_WIRE = 3
"""Turns of the event loop from creating the task to writing the request on an open connection."""


class Cursor:
    """One chain of pages, from a first request to the page without a `next`."""

    def __init__(
        self,
        client: RetryingClient | SearchClient,
        summary: IngestSummary,
        first: Request,
        *,
        read_ahead: bool,
        enough: int | None = None,
        fixed_size: bool = False,
    ) -> None:
        self._client = client
        self._summary = summary
        self._first = first
        self._read_ahead = read_ahead
        self._enough = enough
        self._size = PageSize(summary, fixed=fixed_size)
        self.loop_detector = LoopDetector(summary)
        self.answered = first
        """The request of the page that was yielded last."""
        self.stops: Callable[[Page, Request], bool] | None = None
        """Asked with each page and the request for the next one: whether to stop in between."""

    async def fetch(self, request: Request, *, not_needed: Callable[[], bool] | None = None) -> tuple[Request, Page]:
        """Return one page, of fewer items where the server can't manage as many as requested.

        The request that is returned is the one that was answered; its `next` is relative to it.

        Raises:
            RequestNotNeeded: the page isn't needed; see `RetryingClient.send`.
            DataProcessingError: no page came; see `RetryingClient.send`.

        """
        request = self._size.apply(request)
        while True:
            try:
                early = self._size.can_shrink(request)
                response = await self._client.send(request, gives_up_early=early, not_needed=not_needed)
                break
            except ResponseError as error:
                smaller = self._size.shrink(request, error)
                if smaller is None:
                    raise
                request = smaller
        page = read_page(response.body, response.url)
        self._summary.pages += 1
        return replace(response.sent or request, url=response.url), page

    def expect(self, request: Request, remaining: int) -> None:
        """Fill the pages evenly, given the number of items that remain after the first page."""
        self._size.stretch(request, remaining)

    async def pages(self, first: tuple[Request, Page] | None = None) -> AsyncIterator[Page]:
        """Yield the pages that hold items; the request for the next one is on its way by then.

        `first` is the first page where it has been fetched already.

        Raises:
            PaginationLoop: a `next` leads back.
            DataProcessingError: a page could not be had. The pages before it have been yielded.

        """
        visited = VisitedRequests(self._first)
        request, page = first or await self.fetch(self._first)
        empty, items = 0, 0
        while True:
            following, trouble = self._next(visited, page, request)
            empty = empty + 1 if page.empty else 0
            if page.empty and following is not None:
                self._note_empty(page, empty)
            if self._enough is not None:
                items += page_counts(page).returned or 0
            # Before the page is yielded, because the consumer takes a while to parse it.
            ahead = self._ahead(following, items)
            try:
                if ahead is not None:
                    await _reach_the_wire()
                if not page.empty:
                    self.answered = request
                    yield page
                # Only now, because an error in the link must not cost the page that it came with.
                if trouble is not None:
                    raise trouble
                if following is None:
                    return
                request, page = await (ahead or self.fetch(following))
            finally:
                if ahead is not None:
                    await _cancel(ahead)

    def _next(
        self, visited: VisitedRequests, page: Page, request: Request
    ) -> tuple[Request | None, DataProcessingError | None]:
        """Find the next request, or the error that its link leads to."""
        try:
            following = next_request(page.links, request)
            if following is None:
                return None, None
            self.loop_detector.check(page.url)
            following = visited.add(following)
            return (None if self.stops is not None and self.stops(page, following) else following), None
        except DataProcessingError as error:
            return None, error

    def _ahead(self, following: Request | None, items: int) -> asyncio.Task[tuple[Request, Page]] | None:
        if following is None or not self._read_ahead or (self._enough is not None and items >= self._enough):
            return None
        return asyncio.create_task(self.fetch(following))

    def _note_empty(self, page: Page, empty: int) -> None:
        self._summary.empty_pages += 1
        self._summary.note("the server sent empty pages that had a next page; they were passed over")
        if empty >= MAX_EMPTY_PAGES:
            raise DataProcessingError(
                f"{counted(empty, 'empty page')} in a row, the last one {page.url}, and still a next link"
            )


async def _reach_the_wire() -> None:
    """Let a request that was just started reach the wire before the consumer takes the thread for this page."""
    for _ in range(_STEPS_TO_THE_WIRE):
        await asyncio.sleep(0)


async def _cancel(task: asyncio.Task[tuple[Request, Page]]) -> None:
    """End a request that is no longer wanted, and pass over its error."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
