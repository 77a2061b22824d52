"""Walking a cursor: page after page, each known only from the one before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

from stac_ingest.api.links import Request, Trail, next_request
from stac_ingest.api.pages import Page, page_counts, read_page
from stac_ingest.errors import DataProcessingError, ResponseError, ResponseTooLarge

if TYPE_CHECKING:
    from stac_ingest.api.exchange import Exchange
    from stac_ingest.summary import IngestSummary

MOST_EMPTY_PAGES = 100
"""In a row; some servers filter after they cut the pages, others never end."""
_TOO_MUCH_ASKED = frozenset({413, 502, 504})
_TRIES_BEFORE_HALVING = 2


class Cursor:
    """One chain of pages, from a first request to the page without a `next`."""

    def __init__(
        self,
        exchange: Exchange,
        summary: IngestSummary,
        first: Request,
        *,
        read_ahead: bool,
        enough: int | None = None,
    ) -> None:
        self._exchange = exchange
        self._summary = summary
        self._first = first
        self._read_ahead = read_ahead
        self._enough = enough
        self._limit: int | None = None

    async def fetch(self, request: Request) -> tuple[Request, Page]:
        """Ask for one page, with fewer items where the server can't manage as many as asked.

        The request that is returned is the one that was answered; its `next` is relative to it.

        Raises:
            DataProcessingError: no page came; see `Exchange.ask`.

        """
        if self._limit is not None and _limit(request) > self._limit:
            request = request.with_parameter("limit", self._limit)
        while True:
            # A page number means another page when the size changes, so there the size stays.
            size = 1 if request.parameter("page") is not None else _limit(request)
            try:
                answer = await self._exchange.ask(request, attempts=_TRIES_BEFORE_HALVING if size > 1 else None)
                break
            except ResponseError as error:
                if size <= 1 or not (error.status in _TOO_MUCH_ASKED or isinstance(error, ResponseTooLarge)):
                    raise
                self._limit = size // 2
                request = request.with_parameter("limit", self._limit)
                self._summary.note(
                    f"a page of {size} items failed with status {error.status}; {self._limit} were asked for"
                )
        page = read_page(answer.body, answer.url)
        self._summary.pages += 1
        return replace(request, url=answer.url), page

    async def pages(self, first: tuple[Request, Page] | None = None) -> AsyncIterator[Page]:
        """Yield the pages that hold items; the request for the next one is on its way by then.

        `first` is the first page where it has been fetched already.

        Raises:
            PaginationLoop: a `next` leads back.
            DataProcessingError: a page could not be had. The pages before it have been yielded.

        """
        trail = Trail(self._first)
        request, page = first or await self.fetch(self._first)
        empty, items = 0, 0
        while True:
            following, trouble = self._next(trail, page, request)
            empty = empty + 1 if page.empty else 0
            if page.empty and following is not None:
                self._note_empty(page, empty)
            if self._enough is not None:
                items += page_counts(page).returned or 0
            ahead = self._ahead(following, items)
            try:
                if not page.empty:
                    yield page
                if trouble is not None:
                    raise trouble
                if following is None:
                    return
                request, page = await (ahead or self.fetch(following))
            finally:
                if ahead is not None:
                    await _drop(ahead)

    def _next(self, trail: Trail, page: Page, request: Request) -> tuple[Request | None, DataProcessingError | None]:
        """Find the next request. What is wrong with it must not cost the page that was read before it."""
        try:
            following = next_request(page.links, request)
            return (None if following is None else trail.step(following)), None
        except DataProcessingError as error:
            return None, error

    def _ahead(self, following: Request | None, items: int) -> asyncio.Task[tuple[Request, Page]] | None:
        if following is None or not self._read_ahead or (self._enough is not None and items >= self._enough):
            return None
        return asyncio.create_task(self.fetch(following))

    def _note_empty(self, page: Page, empty: int) -> None:
        self._summary.empty_pages += 1
        self._summary.note("the server sent empty pages that had a next page; they were passed over")
        if empty >= MOST_EMPTY_PAGES:
            raise DataProcessingError(f"{empty} empty pages in a row, the last one {page.url}, and still a next link")


def _limit(request: Request) -> int:
    """Items a page as the request asks for; 0 when it doesn't say."""
    try:
        return int(request.parameter("limit"))
    except (TypeError, ValueError):
        return 0


async def _drop(task: asyncio.Task[tuple[Request, Page]]) -> None:
    """End a request that is no longer wanted; its error, if any, was for nobody else."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
