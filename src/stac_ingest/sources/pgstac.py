"""A pgstac: its items in one snapshot, over a server-side cursor, put together from their rows here.

To put items together here takes a fraction of what pgstac's `content_hydrate` takes, and keeps their null members.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

import orjson
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from stac_ingest.api.intervals import EARLIEST, LATEST, SECOND
from stac_ingest.config import IngestConfig
from stac_ingest.core.json_items import FEATURE, parse_leniently
from stac_ingest.core.long_numbers import has_long_number
from stac_ingest.core.model import Batch, Item, Payload, Reject
from stac_ingest.core.rows import AsLines, ItemRows, Rows
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.filters.times import requested_interval
from stac_ingest.outputs.pgstac.base_items import TAG, hydrated
from stac_ingest.outputs.pgstac.database import Connection, connect, in_words
from stac_ingest.sources.kind import Where
from stac_ingest.summary import IngestSummary

T = TypeVar("T")

_CURSOR = "stac_ingest_items"
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_COUNTED = "SELECT count(*) FROM items WHERE {}"
_READ = """
    SELECT id, collection, ST_AsGeoJSON(geometry, 20), content::text, private::text FROM items WHERE {}
"""
_BASES = """
    SELECT id, NULL::int, collection_base_item(id) FROM collections
    UNION ALL SELECT collection, id, base_item FROM base_items
"""
_FEW, _MANY = 32, 2000
"""Rows that are fetched at once, at first and at most."""
_FETCHED_BYTES = 2 << 20
"""Of rows at once, about."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_ROWS = frozenset({"type", "id", "collection", "geometry"})


class _Row(NamedTuple):
    """A row of `items`."""

    item_id: str
    collection: str
    geometry: str | None
    content: str
    private: str | None

    @property
    def size(self) -> int:
        return len(self.geometry or "") + len(self.content) + len(self.private or "")


def check_database(config: IngestConfig) -> None:
    """Check that the settings make sense for a database, without asking it.

    Raises:
        ConfigurationError: naming what doesn't, and what to do.

    """
    if config.mode == "api":
        raise ConfigurationError("source: this is a database, not an API; use mode 'file'")
    if config.hrefs == "absolute":
        raise ConfigurationError("hrefs: items of a database come from no place; leave it out, or keep hrefs")


def pgstac_source(where: Where, config: IngestConfig, summary: IngestSummary) -> PgstacSource:
    """Make the source of a pgstac."""
    return PgstacSource(where.source, where.collection_id or config.collection_id, config, summary)


class PgstacSource:
    """The items of a database as they are when it is opened; what others write meanwhile isn't seen.

    The count of the snapshot tells how many there should be.
    """

    def __init__(self, dsn: str, collection: str | None, config: IngestConfig, summary: IngestSummary) -> None:
        self._dsn = dsn
        self._summary = summary
        self._condition, self._values = _condition(collection, config)
        self._connection: Connection | None = None
        self._bases: dict[tuple[str, int | None], dict[str, Any]] = {}
        self._cursor: psycopg.ServerCursor[Any] | None = None
        self._under_way: asyncio.Future[Any] | None = None

    async def open(self) -> None:
        """Connect, begin the snapshot, and count.

        Raises:
            ConfigurationError: there is no database, or no pgstac in it.
            DataProcessingError: it can't be read.

        """
        self._connection = await asyncio.to_thread(connect, self._dsn)
        await self._in_thread(self._begin)

    async def units(self) -> AsyncIterator[None]:
        """List the one unit: the cursor."""
        yield None

    async def read(self, _unit: None) -> AsyncIterator[Batch]:
        """Read the rows, so many at once that they take about the same memory."""
        self._cursor = cursor = self._connected.cursor(name=_CURSOR)
        statement = sql.SQL(_READ).format(self._condition)
        await self._in_thread(lambda: cursor.execute(statement, self._values))
        count = _FEW
        while rows := await self._in_thread(partial(cursor.fetchmany, count)):
            found = [_Row(*row) for row in rows]
            self._summary.unread -= len(found)
            yield [Payload(row, row.item_id) for row in found]
            size = sum(row.size for row in found) // len(found) + 1
            count = max(1, min(_MANY, 2 * count, _FETCHED_BYTES // size))

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of some rows."""
        for payload in batch:
            try:
                item = self._item(payload.data)
            except ItemError as error:
                reject(payload.origin, error)
                continue
            yield item

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Iterable[Rows] | None:  # noqa: ARG002 - they are made of objects
        """Return the items of some rows together; None where one of them is at fault."""
        try:
            return [ItemRows.of([self._item(payload.data) for payload in batch])]
        except ItemError:
            return None

    async def close(self) -> None:
        """End the snapshot and close the connection, once nothing waits for it any more."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._under_way is not None and not self._under_way.done():
            await asyncio.to_thread(connection.cancel)
            await asyncio.wait([self._under_way])
            self._under_way.exception()  # it was cancelled: for nobody any more
        await asyncio.to_thread(self._release, connection)

    def _release(self, connection: Connection) -> None:
        with connection:
            if self._cursor is not None:
                with suppress(psycopg.Error):  # what was broken off is closed with its connection
                    self._cursor.close()
            with suppress(psycopg.Error):
                connection.rollback()

    @property
    def _connected(self) -> Connection:
        assert self._connection is not None, "open comes first"
        return self._connection

    def _begin(self) -> None:
        connection = self._connected
        connection.execute(_SNAPSHOT)
        for collection, tag, base in connection.execute(_BASES):
            kept = {name: value for name, value in (base or {}).items() if name not in _OF_ROWS}
            self._bases[collection, tag] = kept
        row = connection.execute(sql.SQL(_COUNTED).format(self._condition), self._values).fetchone()
        self._summary.unread = int(row[0]) if row else 0

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Ask the database in a thread; an error says what the server said."""
        self._under_way = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            done: T = await asyncio.shield(self._under_way)
        except psycopg.Error as error:
            raise DataProcessingError(f"the database can't be read any more: {in_words(error)}") from error
        return done

    def _item(self, row: _Row) -> Item:
        """Put an item together."""
        content = _parsed(row.content)
        tag = content.pop(TAG, None)
        base = self._bases.get((row.collection, tag if type(tag) is int else None))
        if base is None or (tag is not None and type(tag) is not int):
            raise ItemError(f"it is stored against base item {tag!r:.40}, which its collection doesn't have")
        item = {
            "type": FEATURE,
            "id": row.item_id,
            "collection": row.collection,
            "geometry": None if row.geometry is None else orjson.loads(row.geometry),
            **hydrated(content, base),
        }
        if row.private is not None:
            item["private"] = orjson.loads(row.private)
        return item


def _parsed(text: str) -> dict[str, Any]:
    data = text.encode()
    try:
        found = parse_leniently(data) if has_long_number(data) else orjson.loads(data)
    except ValueError as error:
        raise ItemError(f"its content can't be read: {error}") from None
    if type(found) is not dict:
        raise ItemError("its content isn't an object")
    return found


def _moment(instant: int) -> datetime:
    """Give an instant as Python has it, or the nearest that it has: an offset may lead out of its years."""
    return _EPOCH + timedelta(microseconds=min(max(instant, EARLIEST), LATEST + SECOND - 1))


def _condition(collection: str | None, config: IngestConfig) -> tuple[sql.Composed, dict[str, Any]]:
    """Return what the database filters by, and the values, which are only ever parameters."""
    parts, values = ["TRUE"], dict[str, Any]()
    if collection is not None:
        parts.append("collection = %(collection)s")
        values["collection"] = collection
    interval = requested_interval(config.datetime)
    if interval is not None and interval.end is not None:
        parts.append("datetime <= %(end)s")
        values["end"] = _moment(interval.end)
    if interval is not None and interval.start is not None:
        parts.append("end_datetime >= %(start)s")
        values["start"] = _moment(interval.start)
    if config.bbox is not None:
        parts.append("ST_Intersects(geometry, bbox_geom(%(bbox)s))")
        values["bbox"] = Jsonb(config.bbox)
    return sql.SQL(" AND ").join(map(sql.SQL, parts)), values
