"""What no shard of an API received: where shards brought less than it counts, the whole is read once more.

Shards are stretches of time, and a search by time doesn't find every item of every server. A cursor over all of them
does; it ends as soon as nothing more is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.atomic import sha256_of
from stac_ingest.core.id_set import IdSet, Key, key_of
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.failure_reporter import FailureReporter
from stac_ingest.failures import FailureCollector
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.ingest_loop import Ingest, ingest_items
from stac_ingest.sharding.manifest import REST, Part
from stac_ingest.sharding.storage import ITEMS, Storage
from stac_ingest.sources.stac_api import StacApiSource
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stac_ingest.config import IngestConfig
    from stac_ingest.core.model import Item
    from stac_ingest.sharding.plan import Plan

_BATCH = 1000
_WORK = ".rest.parquet"


class Rest(NamedTuple):
    """What reading the whole once more has brought."""

    parts: list[Part]
    """One with the items, or none."""
    matched: int | None
    """Items of the whole, as the server counts them now."""
    requests: int
    notes: list[str]


def read_rest(
    plan: Plan, storage: Storage, known: Iterable[Key], items: int, *, changes: ChangeCollector, spent: int
) -> Rest | None:
    """Read the items of an API that no shard has into a part of their own.

    Args:
        plan: of the ingest.
        storage: of its output.
        known: the items that shards have; read only where something is missing.
        items: how many these are, with those that could not be used.
        changes: told of what the part can't hold.
        spent: requests sent by the shards, of what the settings allow in all.

    Returns:
        None where nothing is missing, as far as the server says.

    Raises:
        DataProcessingError: the part can't be written.

    """
    if not plan.settings.is_api or not plan.counts_items or plan.total is None or items >= plan.total:
        return None
    budget = plan.settings.budget
    left = None if budget.max_requests is None else budget.max_requests - spent
    if left is not None and left < 1:
        return Rest([], None, 0, ["no request was left to look for the items that no shard received"])
    config = plan.settings.config(budget.replace(max_requests=left), concurrency=1)
    return asyncio.run(_Reader(plan, config, known, items).read(storage, changes))


class _Reader:
    def __init__(self, plan: Plan, config: IngestConfig, known: Iterable[Key], items: int) -> None:
        self._plan = plan
        self._config = config
        self._known = known
        self._items = items
        self._summary = IngestSummary()

    async def read(self, storage: Storage, changes: ChangeCollector) -> Rest:
        work = self._plan.settings.state_folder / _WORK
        found, notes = 0, []
        batch: list[Item] = []
        with GeoParquetWriter(work, changes=changes) as written:
            try:
                async with aclosing(self._missing()) as missing:
                    async for item in missing:
                        batch.append(item)
                        found += 1
                        if len(batch) == _BATCH:
                            written.write(batch)
                            batch = []
            except DataProcessingError as error:
                notes.append(f"the whole was not read to its end: {error}")
            if batch:
                written.write(batch)
        notes.insert(
            0,
            f"the shards brought {self._items:,} of {counted(self._plan.total or 0, 'item')}; one cursor then read "
            f"everything again, and brought {found:,} more",
        )
        parts = []
        if found:
            name = f"{ITEMS}/{REST}"
            parts = [Part(path=name, items=found, bytes=work.stat().st_size, sha256=sha256_of(work))]
            storage.move_in(work, name)
        else:
            work.unlink(missing_ok=True)
        return Rest(parts, self._summary.matched, self._summary.requests, [*notes, *self._summary.notes])

    async def _missing(self) -> AsyncGenerator[Item]:
        """Yield the items that no shard has, until there are as many as the server counts."""
        summary, collector = self._summary, FailureCollector()
        items = ingest_items(
            Ingest(
                lambda: StacApiSource(self._config, None, summary),
                load_strategy(self._config.strategy),
                FailureReporter(collector, logging.getLogger("stac_ingest"), summary),
                summary,
            )
        )
        found, ours = 0, IdSet()
        for key in self._known:
            ours.add(*key)
        async with aclosing(items):
            async for item in items:
                if summary.matched is not None and self._items + found >= summary.matched:
                    return
                if ours.add(*key_of(item)):
                    found += 1
                    yield item
