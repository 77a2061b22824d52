"""A pgstac: items go into its partitions by COPY, over several connections at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import orjson
import psycopg
from psycopg import errors

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.model import Item, Position
from stac_ingest.core.rows import LineRows, Rows
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.outputs.base import BatchedOutput
from stac_ingest.outputs.pgstac.collections import Collections, documents_of
from stac_ingest.outputs.pgstac.copy_rows import Row, row_of
from stac_ingest.outputs.pgstac.database import Connection, connect, in_words, patiently, shown
from stac_ingest.outputs.pgstac.loader import Loader, Outcome
from stac_ingest.outputs.pgstac.partitions import Partitions
from stac_ingest.outputs.pgstac.settings import DatabaseSettings

NAME = "database.json"
"""Says which database the records of written items are of."""
_AHEAD = 2
"""Batches of which it isn't known yet that they are loaded: while a connection waits for none, and they stay few."""
_DESCRIPTION = "collection.json"
_WHICH = """
    SELECT current_database(), d.oid::bigint, 'pgstac'::regnamespace::oid::bigint
    FROM pg_database d WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A batch that is being loaded."""

    loading: list[Future[Outcome]]
    positions: list[Position]
    """To be noted once all of it is in the database, and what was before it."""
    size: int

    @property
    def is_done(self) -> bool:
        return all(one.done() for one in self.loading)


class _NoChanges(ChangeCollector):
    """Takes no change: an item with one is encoded where the change can be noted."""

    def add(self, item: Item, member: str, what: str) -> None:  # noqa: ARG002 - see above
        raise ItemError(what)


_NO_CHANGES = _NoChanges()


class PgstacOutput(BatchedOutput[Row]):
    """Loads items into a database; the folder has the records of what is there by now.

    While some batches are loaded, the next one is encoded. An item is marked completed when its transaction is
    committed. A kill between the two does no harm: the item is found in the database, by its collection and id.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        settings: DatabaseSettings | Mapping[str, Any] | None = None,
        *,
        batch_items: int = 2000,
        batch_bytes: int = 8 << 20,
    ) -> None:
        """Take the settings; the database is looked for when the output is started.

        Args:
            folder: for the records of what was written.
            settings: where the database is, and how it is loaded into.
            batch_items: to be loaded by all connections together, while one batch more waits for them.
            batch_bytes: likewise.

        Raises:
            ConfigurationError: naming each wrong setting.

        """
        super().__init__(folder, batch_items=batch_items, batch_bytes=batch_bytes)
        self._settings = (
            settings if isinstance(settings, DatabaseSettings) else DatabaseSettings.parse(dict(settings or {}))
        )
        # An item is encoded by whom it is parsed, and forgotten before the next one comes, while it is in the caches.
        self.as_lines = self._row_at_once
        self._partitions = Partitions()
        self._looked_up: set[str] = set()
        self._total = Outcome()
        self._source: Path | None = None
        self._connections: list[Connection] = []
        self._loaders: list[Loader] = []
        self._idle: SimpleQueue[Loader] = SimpleQueue()
        self._under_way: deque[_UnderWay] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._where = ""
        self._name: dict[str, Any] = {}
        self._interrupted: list[str] = []
        """Collections that an earlier run has begun to load, and not finished."""
        self._items = self._bytes = self._rejected = 0

    async def start(self, context: Any) -> None:
        """Connect, and look whether the records are of this database.

        Raises:
            ConfigurationError: the database or the folder can't be used, or the records are of another database.

        """
        config = getattr(context, "config", None) or {}
        if config.get("mode") == "file":
            self._source = Path(str(config.get("source")))
        await super().start(context)

    def _open(self, *, resume: bool) -> None:
        documents = self._documents()
        settings = self._settings
        try:
            # Nothing but its records is written before connections last, so all can be begun anew.
            interrupted = patiently(lambda: self._connect(resume=resume), errors.AdminShutdown)
        except psycopg.Error as error:
            raise ConfigurationError(f"{self._where or 'the database'}: can't be used: {in_words(error)}") from None
        first, *others = self._connections
        trunc = None if settings.partition == "none" else settings.partition
        self._collections = Collections(first, settings.database, documents, trunc)
        self._loaders = [
            Loader(one, settings.database, settings.method, self._partitions, self._looked_up, resumed=interrupted)
            for one in others
        ]
        for loader in self._loaders:
            self._idle.put(loader)
        self._threads = ThreadPoolExecutor(settings.connections, "pgstac")
        if resume and self._records_lost:
            self._known.replace([])  # what is there already is found as it comes again
        self._items = self._known.completed_count if resume else 0

    def _connect(self, *, resume: bool) -> bool:
        """Connect as often as is asked for, in place of connections that were ended; see `_look_at_name`."""
        while self._connections:
            self._connections.pop().close()
        for _ in range(self._settings.connections + 1):
            self._connections.append(connect(self._settings.database))
        self._where = shown(self._connections[0])
        return self._look_at_name(self._connections[0], resume=resume)

    def _documents(self) -> dict[str, dict[str, Any]]:
        """Read the collections that are described in a file, or beside the items."""
        if self._settings.collections is not None:
            return documents_of(Path(self._settings.collections))
        if self._source is not None and self._source.exists():
            beside = (self._source if self._source.is_dir() else self._source.parent) / _DESCRIPTION
            if beside.is_file():
                try:
                    return documents_of(beside)
                except ConfigurationError:
                    return {}  # nobody has said that it is one
        return {}

    def _look_at_name(self, connection: Connection, *, resume: bool) -> bool:
        """Note which database the records are of; tell whether an earlier run into it, from here, wasn't finished."""
        row = connection.execute(_WHICH).fetchone()
        which = list(row or ())
        try:
            before = orjson.loads(self.folder.read(NAME))
        except (OSError, ValueError):
            before = None
        before = before if isinstance(before, dict) else {}
        if resume and self._known.completed_count and before.get("is") != which:
            raise ConfigurationError(
                f"the records in {self.folder.path} are of another database than {self._where}, or of one that was "
                "made anew since; start again without --resume"
            )
        interrupted = before.get("is") == which and before.get("finished") is False
        self._interrupted = [one for one in before.get("collections") or () if interrupted and isinstance(one, str)]
        self._name = {"database": self._where, "is": which, "collections": self._interrupted}
        self._keep_name(finished=False)
        return interrupted

    def _keep_name(self, *, finished: bool) -> None:
        self.folder.write(NAME, orjson.dumps({**self._name, "finished": finished}), f".{NAME}.part")

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        """Take some items; those that are lines, and no rows yet, are parsed one by one."""
        lines = rows.lines()
        if lines is None:
            return await super().bundle_rows(rows)
        seen = rows.seen if isinstance(rows, LineRows) and rows.seen else [None] * len(lines)
        either = (orjson.loads(line) if row is None else row for line, row in zip(lines, seen, strict=True))
        return await self._take(either, self._row_or_encoded)

    def _row_at_once(self, item: Item) -> Row | None:
        """Encode an item of JSON text; None where its collection isn't known yet, or something is to be said of it."""
        collection = self._collections.known(item)
        if collection is None:
            return None
        try:
            return row_of(item, collection.base, _NO_CHANGES, is_finite=True)
        except ItemError:
            return None

    def _row_or_encoded(self, either: Row | Item) -> tuple[Row, int]:
        return (either, len(either.data)) if isinstance(either, Row) else self._encode(either, is_finite=True)

    def _encode(self, item: Item, *, is_finite: bool = False) -> tuple[Row, int]:
        collection = self._collections.of(item)
        if collection.trunc is not None and collection.had_items:
            self._looked_up.add(item["collection"])
        row = row_of(item, collection.base, self._changes, is_finite=is_finite)
        return row, len(row.data)

    def _write_batch(self, batch: list[Row], positions: list[Position]) -> None:
        """Have a batch loaded, and note those before it as far as they are."""
        parts = self._parts(batch)
        assert self._threads is not None, "start comes first"
        loading = [self._threads.submit(self._load, part) for part in parts]
        self._under_way.append(_UnderWay(loading, positions, sum(len(row.data) for row in batch)))
        self._settle(_AHEAD)

    def _write(self, batch: list[Row]) -> None:
        self._write_batch(batch, [])

    def _parts(self, batch: list[Row]) -> list[list[Row]]:
        """Share a batch out, so that each connection gets few partitions."""
        if new := {row.key[0] for row in batch}.difference(self._name["collections"]):
            self._name["collections"] = [*self._name["collections"], *sorted(new)]
            self._keep_name(finished=False)
        batch.sort(key=lambda row: (row.key[0], row.start))
        size = max(1, -(-len(batch) // len(self._loaders)))
        return [batch[start : start + size] for start in range(0, len(batch), size)]

    def _load(self, part: list[Row]) -> Outcome:
        """Load a part, by the connection that has nothing to do. Runs in a thread, of which there is one for each."""
        loader = self._idle.get()
        try:
            return loader.load(part)
        finally:
            self._idle.put(loader)

    def _settle(self, ahead: int) -> None:
        """Note in their order what became of batches, until so many are left of which that isn't known.

        Raises:
            DataProcessingError: the database doesn't take anything any more.

        """
        while self._under_way and (len(self._under_way) > ahead or self._under_way[0].is_done):
            first = self._under_way[0]
            errors = []
            for one in first.loading:
                try:
                    self._take_note(one.result())
                except DataProcessingError as error:
                    errors.append(error)
            self._under_way.popleft()
            if errors:
                raise errors[0]
            self._bytes += first.size
            if first.positions:
                self._note(first.positions)

    def _take_note(self, outcome: Outcome) -> None:
        self._mark((key, self._where) for key in outcome.written)
        self._items += len(outcome.written)
        for name in ("inserted", "updated", "unchanged"):
            setattr(self._total, name, getattr(self._total, name) + getattr(outcome, name))
        self._rejected += len(outcome.failed)
        for (collection, item_id), error in outcome.failed:
            self._failed({"id": item_id, "collection": collection}, error)

    def _note(self, positions: list[Position]) -> None:
        # An item that the database refused is to be tried again by a later run, so where it came from isn't passed.
        if not self._rejected:
            super()._note(positions)

    def _finish(self) -> dict[str, Any]:
        self._settle(0)
        try:
            partitions = self._partitions.finish(self._collections.connection, self._interrupted)
            self._collections.describe()
        except psycopg.Error as error:
            raise DataProcessingError(
                f"the items are in the database, but its statistics can't be updated: {in_words(error)}"
            ) from error
        self._keep_name(finished=True)
        made = self._collections.made
        return {
            "items": self._items,
            "bytes": self._bytes,
            "paths": [self._where],
            "rejected": self._rejected,
            "inserted": self._total.inserted,
            "updated": self._total.updated,
            "unchanged": self._total.unchanged,
            "partitions": partitions,
            "collections_made": sorted(made),
        }

    def _release(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        for loader in self._loaders:
            loader.close()
        for connection in self._connections:
            connection.close()
        self._connections, self._loaders = [], []
