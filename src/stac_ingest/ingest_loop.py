"""The loop that every ingest is: open the source, drive its units, decode their batches, leave out what came before."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from stac_ingest.checkpoints.positions import ResumeTracker
from stac_ingest.core.id_set import DeliveredItems, Deliveries, Delivery, IdSet, Key, key_of
from stac_ingest.core.model import Batch, Item, Reject
from stac_ingest.core.rows import AsLines, ItemRows, Rows
from stac_ingest.core.source import Batched, Partitioned, Source
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from stac_ingest.filters.item_filter import ItemFilter
    from stac_ingest.strategies import Strategy


IsNew = Callable[[Item], bool]
Repeated = Callable[[Sequence[Key]], dict[int, Delivery]]
Decode = Callable[[Batch, Reject], Iterator[Item]]

_TOGETHER = 128
"""Items of a batch that were decoded one by one: no usual page or slice of files is cut by it."""


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


@asynccontextmanager
async def _described(wanted: ItemFilter | None, summary: IngestSummary) -> AsyncIterator[None]:
    """At the end of the block, however it ends, note what a filter couldn't judge."""
    try:
        yield
    finally:
        if wanted is not None:
            wanted.describe(summary)


class _Reading(NamedTuple):
    """A source that is being read."""

    source: Source[Any]
    batches: AsyncGenerator[Batch]
    decode: Decode
    parts: _Whole
    tracker: ResumeTracker | None


@dataclass(frozen=True, slots=True)
class Ingest:
    """What an ingest reads, and how.

    Attributes:
        make: makes the source; called in a thread, since it may look at the disk.
        strategy: drives the units.
        reject: takes whatever can't be read or decoded.
        summary: says the concurrency, and takes the counts.
        wanted: leaves out items before they are counted as any of the source's; None where all are wanted.
        track: begins to follow the run through its source, for a later one to resume.
        deliveries: tells which items came before; None has the loop remember them.
        place: that relative hrefs are made absolute from, see `absolute_items`; None leaves them as they are.
        keep: told of every item that is counted; one that it answers with False is not yielded.
        max_items: ends the run after so many items.
        finish: called when everything is read and the source is closed; may raise.

    """

    make: Callable[[], Source[Any]]
    strategy: Strategy
    reject: Reject
    summary: IngestSummary
    wanted: ItemFilter | None = None
    track: Callable[[Source[Any]], ResumeTracker | None] | None = None
    deliveries: Deliveries | None = None
    place: str | None = None
    keep: Callable[[Item], bool] | None = None
    max_items: int | None = None
    finish: Callable[[], None] | None = None


@asynccontextmanager
async def _reading(what: Ingest) -> AsyncIterator[_Reading]:
    """Make and open a source. The end of the block closes it."""
    summary, wanted = what.summary, what.wanted
    source = await asyncio.to_thread(what.make)
    tracker = None if what.track is None else what.track(source)
    parts = _parts_of(source, what)
    decode = _decode_of(source, what.place)
    if wanted is not None:
        decode = wanted.decoding(decode, summary)
    async with _described(wanted, summary), driven(source, what.strategy, summary.concurrency) as batches:
        yield _Reading(source, batches, decode, parts, tracker)


async def ingest_items(what: Ingest) -> AsyncGenerator[Item]:
    """Yield the items of a source, each collection and id once, counting them in the summary.

    Of items that come again the first one is yielded; the others are counted, and named in the summary's changes.
    Items come in any order when the summary's concurrency is above 1. Closing the iterator, or leaving it by an error,
    ends every read and request under way.

    Args:
        what: says what to read, and how.

    Raises:
        ConfigurationError: there are no items where the settings point.
        DataProcessingError: nothing could be read, or the server's answers can't be used.

    """
    summary, keep, max_items = what.summary, what.keep, what.max_items
    async with _reading(what) as reading:
        parts, tracker = reading.parts, reading.tracker
        count = summary.items
        async for batch in reading.batches:
            if tracker is not None:
                tracker.begin()
            is_new = parts.begin(batch)
            for item in reading.decode(batch, what.reject):
                if not is_new(item) or (tracker is not None and not tracker.look(key_of(item))):
                    parts.leave_out(item)
                    continue
                summary.items = count = count + 1
                if keep is None or keep(item):
                    yield item
                if count == max_items:
                    return
            if tracker is not None:
                tracker.end(batch)
    if what.finish is not None:
        what.finish()


async def ingest_rows(what: Ingest, *, as_lines: AsLines) -> AsyncGenerator[Rows]:
    """Yield the same items in batches, which stay in the form that they came in where that can be.

    Args:
        what: says what to read, and how.
        as_lines: whether lines of JSON are wanted.

    Raises:
        ConfigurationError, DataProcessingError: as `ingest_items` does.

    """
    summary, keep, max_items = what.summary, what.keep, what.max_items
    async with _reading(what) as reading:
        source, parts, tracker = reading.source, reading.parts, reading.tracker
        # Filters and hrefs look at items.
        whole = source if what.wanted is None and what.place is None and isinstance(source, Batched) else None
        count = summary.items

        def room() -> int:
            return sys.maxsize if max_items is None else max_items - count

        async for batch in reading.batches:
            if tracker is not None:
                tracker.begin()
            repeated = parts.begin_keys(batch)
            made = whole.rows(batch, as_lines=as_lines) if whole is not None else None
            if made is None:
                summary.safe_batches += 1
            else:
                summary.fast_batches += 1
            for rows in _decoded(reading.decode(batch, what.reject), room) if made is None else _cut(made, room):
                new = _new_rows(rows, repeated, tracker, parts)
                summary.items = count = count + len(new.keys)
                kept = new if keep is None else new.take([n for n, item in enumerate(new.items()) if keep(item)])
                if kept.keys:
                    yield kept
                if count == max_items:
                    return
            if tracker is not None:
                tracker.end(batch)
    if what.finish is not None:
        what.finish()


def _decoded(items: Iterator[Item], room: Callable[[], int]) -> Iterator[ItemRows]:
    """Make batches of items, small enough that few of them are in memory as objects, and none is read beyond the last.

    What lies behind the last item that there is room for is not looked at, and so no failure of the run.
    """
    while some := list(islice(items, min(_TOGETHER, room()))):
        yield ItemRows.of(some)


def _cut(made: Iterable[Rows], room: Callable[[], int]) -> Iterator[Rows]:
    """Give no more rows at once than there is room for: what comes again behind the last of them doesn't count."""
    for rows in made:
        start, count = 0, len(rows.keys)
        while start < count:
            stop = min(count, start + room())
            yield rows if stop - start == count else rows.take(range(start, stop))
            start = stop


def _new_rows(rows: Rows, repeated: Repeated, tracker: ResumeTracker | None, parts: _Whole) -> Rows:
    """Return the items that didn't come before; the others are counted and named."""
    keys = rows.keys
    old = repeated(keys)
    if tracker is not None:
        old |= dict.fromkeys(tracker.look_all(keys, old), Delivery.REPEATED)
    if not old:
        return rows
    for number in sorted(old):
        parts.count(rows.take([number]).items()[0], old[number])
    return rows.take([number for number in range(len(keys)) if number not in old])


def _parts_of(source: Source[Any], what: Ingest) -> _Whole:
    """Return what tells which items are new."""
    partitioned = source if isinstance(source, Partitioned) else None
    if partitioned is None and what.deliveries is None:
        return _Whole(what.summary)
    return _Parts(partitioned, what.summary, DeliveredItems() if what.deliveries is None else what.deliveries)


def _decode_of(source: Source[Any], place: str | None) -> Decode:
    if place is None:
        return source.decode
    from stac_ingest.sources.hrefs import absolute_items  # noqa: PLC0415 - few ask for it

    return absolute_items(source, place)


class _Whole:
    """Tells which items are new, for a source that is read in one: what comes again is a duplicate."""

    def __init__(self, summary: IngestSummary) -> None:
        self._summary = summary
        self._seen = IdSet()

    def begin(self, batch: Batch) -> IsNew:  # noqa: ARG002 - see `_Parts`
        """Give what remembers an item of a batch, by collection and id, and tells whether it is new."""
        self._seen.pack()
        return self._seen.add_item

    def begin_keys(self, batch: Batch) -> Repeated:  # noqa: ARG002 - same
        """Give what remembers items by their keys, and tells which of them, by number, came before, and where."""
        return lambda keys: dict.fromkeys(self._seen.repeated(keys), Delivery.REPEATED)

    def leave_out(self, item: Item) -> None:
        """Count the item that was looked at last, which came before."""
        self.count(item, Delivery.REPEATED)

    def count(self, item: Item, delivery: Delivery) -> None:
        """Count an item that came before."""
        if delivery is Delivery.SHARED:
            self._summary.overlaps += 1
        else:
            self._summary.duplicates += 1
            self._summary.changes.add_repeated(item)


class _Parts(_Whole):
    """Tells which items are new, for a source that is read in parts that may share items, or for who knows them."""

    def __init__(self, source: Partitioned | None, summary: IngestSummary, delivered: Deliveries) -> None:
        super().__init__(summary)
        self._source = source
        self._delivered = delivered
        self._number = 0
        self._latest = Delivery.NEW

    def begin(self, batch: Batch) -> IsNew:
        self._number = self._part(batch)
        return self._is_new_in_part

    def begin_keys(self, batch: Batch) -> Repeated:
        number, add = self._part(batch), self._delivered.add

        def repeated(keys: Sequence[Key]) -> dict[int, Delivery]:
            deliveries = [add(*key, number) for key in keys]
            return {at: found for at, found in enumerate(deliveries) if found is not Delivery.NEW}

        return repeated

    def leave_out(self, item: Item) -> None:
        self.count(item, self._latest)

    def _part(self, batch: Batch) -> int:
        return 0 if self._source is None else self._source.part(batch)

    def _is_new_in_part(self, item: Item) -> bool:
        self._latest = self._delivered.add(*key_of(item), self._number)
        return self._latest is Delivery.NEW
