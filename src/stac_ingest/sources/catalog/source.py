"""A static catalog as a source: its documents are walked by their links, and its items come as they are written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from stac_ingest.core.id_set import IdSet
from stac_ingest.core.json_items import FEATURE, kind_in_words, members, parse
from stac_ingest.core.model import Batch, Item, Payload, Position, Reject
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.core.work_queue import WorkQueue
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.catalog.frontier import Frontier, Unit
from stac_ingest.sources.catalog.links import MAX_CHARACTERS, Links, is_static
from stac_ingest.sources.catalog.payloads import Linked, LinkedDocuments, payload_of
from stac_ingest.sources.catalog.readers import Document, DocumentReader, make_reader
from stac_ingest.sources.catalog.walked import Walked, link_hash
from stac_ingest.sources.documents import ItemTexts, not_json

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.sources.kind import Where
    from stac_ingest.summary import IngestSummary

MAX_DEPTH = 100
"""Links on the way to a document. A catalog has a handful of levels; one that never ends has any number."""
_LONG = 1 << 20
"""Bytes of a document from which on a thread parses it."""
_AT_ONCE = 1000
"""Links that are looked at before other tasks get their turn: a document may have millions."""
_LISTING = "links"
_FOLLOWED = "followed"
_HASH = 16
_ANSWERS = "an API answers these links, and its items aren't read by links: give the URL of its root as the source"


def catalog_source(where: Where, config: IngestConfig, summary: IngestSummary) -> CatalogSource:
    """Make the source of the catalog whose first document is at a path or a URL.

    Raises:
        ConfigurationError: a setting can't be used for it.

    """
    return CatalogSource(make_reader(where.source, config, summary), config, summary)


class CatalogSource:
    """The items that a catalog's `child`, `item` and `items` links lead to, each document read once."""

    def __init__(
        self,
        reader: DocumentReader,
        config: IngestConfig,
        summary: IngestSummary,
        told: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        """Read nothing yet.

        Args:
            reader: of the documents.
            config: the settings.
            summary: takes the counts.
            told: told of the links to items, which aren't followed then; None where they are.

        """
        self._reader = reader
        self._told = told
        self._max_bytes = config.max_response_mib << 20
        self._walked = Walked(summary)
        self._frontier = Frontier(reader.together)
        self._queue: WorkQueue[Unit] = WorkQueue(self._frontier)
        self._summary = summary
        self._texts = ItemTexts(LinkedDocuments(summary), exact_numbers=config.exact_numbers)
        self._known: IdSet | None = None
        self._finished = False

    def resume(self, positions: Sequence[Position]) -> None:
        """Leave out what an earlier run has read by these links. Catalogs and collections are walked again."""
        self._known = IdSet()
        for position in positions:
            hashes = position.get(_LISTING)
            for start in range(0, len(hashes), _HASH) if isinstance(hashes, str) else ():
                self._known.add("", str(hashes)[start : start + _HASH])

    def listing(self) -> str:
        """Return the one name that links have: each stands for itself."""
        return _LISTING

    def position(self, batch: Batch, *, clean: bool) -> Position | None:
        """Return which links a batch is of; None if they aren't kept, or if one had a failure."""
        if self._known is None or not clean or not isinstance(batch, Linked) or not batch.links:
            return None
        return {"list": _LISTING, _LISTING: "".join(map(link_hash, batch.links))}

    async def open(self) -> None:
        """Get ready to read. The first document is the first unit."""
        await self._reader.open()
        self._is_new(self._reader.root, is_child=True)
        self._frontier.add([self._reader.root], 0, are_items=False)

    async def units(self) -> AsyncIterator[Unit]:
        """List documents and items as links to them are found."""
        async for unit in self._queue.units():
            yield unit
        self._finished = True

    async def read(self, unit: Unit) -> AsyncIterator[Batch]:
        """Read some items, or follow the links of some documents.

        Raises:
            DataProcessingError: nothing more can be read of the whole catalog.

        """
        remaining = unit.urls
        try:
            while remaining:
                documents = await self._reader.read(remaining)
                links, remaining = remaining[: len(documents)], remaining[len(documents) :]
                if unit.are_items:
                    yield Linked([payload_of(one, self._max_bytes) for one in documents], links)
                elif found := [one for document in documents for one in await self._follow(document, unit.depth)]:
                    self._walked.to_read += len(found)
                    yield Linked(found, ())
        finally:
            self._queue.done()

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Sequence[Rows] | None:
        """Return the items of a batch, where each document is plainly one."""
        made = self._texts.rows(batch, as_lines=as_lines)
        if made is not None:
            self._walked.settled += len(batch)
        return made

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of a batch; what can't be used is rejected under its URL or path."""
        name = self._reader.name
        yield from self._texts.decode(batch, lambda origin, error: reject(name(origin), error))
        self._walked.settled += len(batch)

    async def close(self) -> None:
        """End reading. After a whole walk, see that something became of every link."""
        await self._reader.close()
        if self._finished:
            self._walked.conclude()

    async def _follow(self, document: Document, depth: int) -> list[Payload]:
        """Add what a document links to, and return what is to be decoded: itself, where it holds items, and errors."""
        payload = payload_of(document, self._max_bytes)
        if payload.error is not None:
            self._walked.fail()
            return [payload]
        try:
            content = parse(payload.data) if len(payload.data) < _LONG else await asyncio.to_thread(parse, payload.data)
        except ValueError as error:
            return [self._failure(payload.origin, not_json(payload.data, error))]
        found = [] if members(content) is None else [payload]
        if isinstance(content, dict) and isinstance(content.get("links"), list) and content.get("type") != FEATURE:
            self._walked.documents += 1
            self._summary.keep_collection(content)
            found += await self._links(Links(content), payload.origin, depth + 1)
        elif not found:
            kind = kind_in_words(content)
            found = [self._failure(payload.origin, ItemError(f"neither a catalog with links nor an item, but {kind}"))]
        self._queue.notify()
        return found

    async def _links(self, links: Links, base: str, depth: int) -> list[Payload]:
        items: list[str] = []
        children: list[str] = []
        whole = 0
        failed: list[Payload] = []
        for number, link in enumerate(links.wanted(), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if link.rel == "items" and isinstance(link.href, str) and not is_static(link.href):
                whole += 1
                continue
            try:
                url = self._reader.resolve(links.here(_checked(link.href), base), base)
            except DataProcessingError as error:
                failed.append(self._failure(base, error))
                continue
            if self._is_new(url, is_child=link.rel == "child"):
                (children if link.rel == "child" else items).append(url)
        if children and depth > MAX_DEPTH:
            failed.append(self._failure(base, ItemError(f"more than {MAX_DEPTH} links deep; its children aren't read")))
            children = []
        if links.leads_nowhere:
            failed.append(self._failure(base, ItemError(_ANSWERS)))
        elif whole:
            self._walked.leave_beside(self._reader.name(base), whole)
        if self._told is None:
            self._frontier.add(self._unread(items), depth, are_items=True)
        else:
            self._walked.to_read += len(items)
            self._told(items)
        self._frontier.add(children, depth, are_items=False)
        return failed

    def _is_new(self, url: str, *, is_child: bool) -> bool:
        """Say whether a link is to be followed, or told of.

        Links to items that are told of aren't read here. So one of them that leads to a catalog doesn't keep another
        link from being followed there, in whichever order they come.
        """
        is_followed = self._told is not None and (is_child or self._walked.knows(url, _FOLLOWED))
        return self._walked.is_new(url, _FOLLOWED if is_followed else "")

    def _unread(self, items: Sequence[str]) -> Iterator[str]:
        """Yield those links that an earlier run hasn't read."""
        for url in items:
            if self._known is not None and len(self._known) and self._known.has("", link_hash(url)):
                self._walked.read_before += 1
            else:
                self._walked.to_read += 1
                yield url

    def _failure(self, origin: str, error: Exception) -> Payload:
        self._walked.fail()
        return Payload(b"", origin, error)


def _checked(href: object) -> str:
    """Return an href that may be followed.

    Raises:
        ItemError: it is no text, or too long.

    """
    if not isinstance(href, str) or not href:
        raise ItemError(f"the href of a link is {href!r:.40}, expected text")
    if len(href) > MAX_CHARACTERS:
        raise ItemError(f"the href of a link has {len(href):,} characters, more than {MAX_CHARACTERS:,}: {href:.40}")
    return href
