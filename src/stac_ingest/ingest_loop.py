"""The loop that every ingest is: open the source, drive its units, decode their batches, leave out what came before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from stac_ingest.checkpoints.positions import ResumeTracker
from stac_ingest.core.id_set import IdSet, key_of
from stac_ingest.core.model import Batch, Item, Reject
from stac_ingest.core.source import Source
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from stac_ingest.strategies import Strategy


@asynccontextmanager
async def driven(source: Source[Any], strategy: Strategy, concurrency: int) -> AsyncIterator[AsyncGenerator[Batch]]:
    """Open a source and give its batches, as the strategy reads them. The end of the block closes both.

    Raises:
        Exception: the error of the source, as it is.

    """
    try:
        await source.open()
        async with aclosing(strategy(source, concurrency)) as batches:
            yield batches
    finally:
        await source.close()


async def ingest_items(
    make: Callable[[], Source[Any]],
    strategy: Strategy,
    reject: Reject,
    summary: IngestSummary,
    *,
    seen: IdSet | None = None,
    track: Callable[[Source[Any]], ResumeTracker | None] | None = None,
    place: str | None = None,
    keep: Callable[[Item], bool] | None = None,
    max_items: int | None = None,
    finish: Callable[[], None] | None = None,
) -> AsyncGenerator[Item]:
    """Yield the items of a source, counting them in the summary.

    Items come in any order when the summary's concurrency is above 1. Closing the iterator, or leaving it by an error,
    ends every read and request under way.

    Args:
        make: makes the source; called in a thread, since it may look at the disk.
        strategy: drives the units.
        reject: takes whatever can't be read or decoded.
        summary: says the concurrency, and takes the counts.
        seen: the items that came before, by collection and id; an item that is in it is counted as a duplicate and left
            out. None where the source can't deliver an item twice.
        track: begins to follow the run through its source, for a later one to resume.
        place: that relative hrefs are made absolute from, see `absolute_items`; None leaves them as they are.
        keep: told of every item that is counted; one that it answers with False is not yielded.
        max_items: ends the run after so many items.
        finish: called when everything is read and the source is closed; may raise.

    Raises:
        ConfigurationError: there are no items where the settings point.
        DataProcessingError: nothing could be read, or the server's answers can't be used.

    """
    source = await asyncio.to_thread(make)
    tracker = None if track is None else track(source)
    decode = _decode_of(source, place)
    async with driven(source, strategy, summary.concurrency) as batches:
        async for batch in batches:
            if tracker is not None:
                tracker.begin()
            for item in decode(batch, reject):
                if seen is not None and not seen.add(*key_of(item)):
                    summary.duplicates += 1
                    continue
                summary.items += 1
                if tracker is not None:
                    tracker.look(item)
                if keep is None or keep(item):
                    yield item
                if summary.items == max_items:
                    return
            if tracker is not None:
                tracker.end(batch)
    if finish is not None:
        finish()


def _decode_of(source: Source[Any], place: str | None) -> Callable[[Batch, Reject], Iterator[Item]]:
    if place is None:
        return source.decode
    from stac_ingest.sources.hrefs import absolute_items  # noqa: PLC0415 - few ask for it

    return absolute_items(source, place)
