"""Parts of an API: whole items that a search finds, items by their ids, or the ids alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import aclosing
from itertools import groupby
from operator import itemgetter

import orjson

from stac_ingest.api.intervals import parse_interval
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.api.ids_task import IDS, NAMED
from stac_ingest.sync.api.marks import Listed
from stac_ingest.sync.api.session import ApiSession
from stac_ingest.sync.plan import Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.readers.base import MarkedSink, Outcome, Sink
from stac_ingest.sync.readers.items import ItemsReader
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import Work

UNCOUNTED = "the API doesn't count its items (numberMatched), so it isn't known whether all ids came"


class ApiItemsReader:
    """Reads items: what a task asks for is laid over the settings of the ingest."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._settings = settings

    async def read(self, task: Task, sink: Sink, progress: Progress) -> Outcome:
        """Read the items of a search.

        Raises:
            ConfigurationError: the API can't do what is asked for.

        """
        if IDS in task.what or NAMED in task.what:
            return await self._by_ids(task, sink, progress)
        return await self._reader(task.what).read(task, sink, progress)

    async def _by_ids(self, task: Task, sink: Sink, progress: Progress) -> Outcome:
        """Read items by their ids, collection by collection. One that doesn't come is a failure."""
        whole = Outcome()
        keys = sorted(self._keys(task))
        for collection, group in groupby(keys, itemgetter(0)):
            missing = {item_id for _, item_id in group}
            what: dict[str, object] = {"ids": sorted(missing), "datetime": None}
            if collection:
                what |= {"collection_id": None, "collections": [collection]}
            noting = _Noting(sink, missing)
            outcome = await self._reader(what).read(task, noting, progress)
            whole.problems += outcome.problems
            whole.failures += outcome.failures
            whole.notes += outcome.notes
            for kind, requests in outcome.requests.items():
                whole.requests[kind] = whole.requests.get(kind, 0) + requests
            why = "the API lists its id, and a search for it finds nothing"
            whole.failures += [(item_id, why) for item_id in sorted(missing)]
        return whole

    def _keys(self, task: Task) -> Iterator[Key]:
        """Yield the collections and ids that a task reads."""
        if IDS in task.what:
            yield from ((str(collection), str(item_id)) for collection, item_id in task.what[IDS])
            return
        generation, start, stop = map(int, task.what[NAMED])
        with Work(self._settings, generation).named.open("rb") as stream:
            stream.seek(start)
            for line in stream.read(stop - start).splitlines():
                named = orjson.loads(line)
                yield named["collection"], named["id"]

    def _reader(self, what: Mapping[str, object]) -> ItemsReader:
        source = {**self._settings.source, "sortby": None, **what}
        return ItemsReader(self._settings.model_copy(update={"source": source}))


class ApiIdsReader:
    """Reads the ids of all items of a stretch of time."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._config = settings.config

    async def read(self, task: Task, sink: Sink, progress: Progress) -> Outcome:
        """Read ids, and ask which of them are to be read as items.

        Where the counts of the server don't fit what came, or change meanwhile, that is a problem: of pages that
        shifted, items may be missing.

        Raises:
            ConfigurationError: the API can't do what is asked for.

        """
        outcome, listed, count = Outcome(), list[Listed](), 0
        session = ApiSession(self._config)
        text = task.what.get("datetime")
        interval = session.requested if text is None else parse_interval(text)
        try:
            marks = sink if isinstance(sink, MarkedSink) else None
            listing = session.short_items(interval, ["id", "collection"], listed, marks=marks)
            async with session, aclosing(listing) as pages:
                async for items in pages:
                    for item in items:
                        _name(sink, item)
                    count += len(items)
                    progress("listing ids", count)
        except DataProcessingError as error:
            outcome.problems.append(str(error))
        outcome.problems += [problem for one in listed if (problem := one.problem) is not None]
        if not all(one.is_counted for one in listed):
            outcome.unverified.append(UNCOUNTED)
        outcome.requests["ids"] = session.requests
        outcome.notes += session.summary.notes
        return outcome


class _Noting:
    """A sink that notes which ids came."""

    def __init__(self, sink: Sink, missing: set[str]) -> None:
        self._sink, self._missing = sink, missing

    def item(self, item: Item, origin: int = 0) -> None:
        """Hand on an item."""
        self._missing.discard(item["id"])
        self._sink.item(item, origin)

    def seen(self, collection: str, item_id: str) -> None:
        """Hand on an id."""
        self._sink.seen(collection, item_id)

    def wanted(self, collection: str, item_id: str) -> bool:
        """Return whether the sink wants an item of which only the id is known."""
        return self._sink.wanted(collection, item_id)


def _name(sink: Sink, item: Item) -> None:
    collection, item_id = key_of(item)
    sink.seen(collection, item_id)
    sink.wanted(collection, item_id)
