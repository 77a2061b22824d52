"""Items as the rows of a table whose format has transactions: some thousands are a commit, which is there or isn't."""

from __future__ import annotations

import json
import shutil
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from stac_ingest.core.atomic import refuse_link
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item, Position
from stac_ingest.core.rows import Rows
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.outputs.base import BatchedOutput
from stac_ingest.outputs.directory import holds_earlier_run

if TYPE_CHECKING:
    import pyarrow as pa

    from stac_ingest.geoparquet.growing_table import GrowingTable
    from stac_ingest.geoparquet.spool import Spool

_PENDING = ".pending.ndjson"
"""What the commit under way holds: its number and its items' keys, a line each. Gone once the checkpoint has them."""
_SPOOL = ".unfinished.spool"
_PART_BYTES = 64 << 20
"""Bytes of columns from which on a commit isn't added to: the libraries take some times as much to write it."""
_TOGETHER = 256
"""Items that become columns at once: that few stay in the processor's caches, and more gain nothing."""


class StoredTable(NamedTuple):
    """A table that is there."""

    schema: pa.Schema
    description: str | None
    rows: int
    commits: int
    """How many commits of ours it has; their numbers begin at 0."""


class _Entry(NamedTuple):
    """Items that are to become columns, or that are columns already."""

    keys: Sequence[Key]
    rows: Rows | None
    items: Sequence[Item]


class TableFormatOutput(BatchedOutput[_Entry]):
    """Writes a table into the folder, about `part_items` items in a commit, or fewer large ones.

    Items are completed once their commit is. A killed run may have made a commit and not noted it: the next one finds
    its number in the table, and notes its items then.
    """

    own_names: tuple[str, ...]
    """Names in the folder that are the table's history, any of which says that there is a table."""

    def __init__(self, folder: str | PathLike[str], *, part_items: int = 20_000) -> None:
        super().__init__(folder, batch_items=_TOGETHER)
        self._part_items = part_items
        self._spool: Spool | None = None
        self._columns: GrowingTable | None = None
        self._keys: list[Key] = []
        self._held = 0
        self._part_positions: list[Position] = []
        self._part_sound = True
        self._commits = self._items = self._rejected = 0

    def _open(self, *, resume: bool) -> None:
        from stac_ingest.geoparquet.growing_table import GrowingTable  # noqa: PLC0415 - the other formats do without

        names = set(self.folder.names())
        self._refuse_links(names)
        for name in names:
            if name.startswith(_SPOOL):
                self.folder.remove(name)
        number, keys = self._read_pending()
        if not resume and number == 0:
            self._remove_all()  # nothing of it was ever noted as written
            names = set()
        there = bool(names.intersection(self.own_names))
        if there and not resume:
            raise ConfigurationError(holds_earlier_run(self.folder.path, "a table"))
        found = self._stored() if there else None
        if found is not None:
            self._columns, self._commits, self._items = (
                GrowingTable(found.schema, found.description),
                found.commits,
                found.rows,
            )
        else:
            self._columns = GrowingTable()
        if resume:
            self._resume(number, keys)
        self.folder.remove(_PENDING)

    def _resume(self, number: int | None, keys: list[Key]) -> None:
        """Note the items of a commit that a killed run has made and not noted.

        Raises:
            ConfigurationError: the table has fewer rows than the checkpoint has items.

        """
        path = str(self.folder.path)
        if number is not None and number < self._commits:
            self._mark((key, path) for key in keys if not self._is_known(key))
            self._known.flush()
        if self._records_lost:
            self._known.replace((key_of(item), path) for item in self._stored_items())
        if self._items < self._known.completed_count:
            raise ConfigurationError(
                f"the checkpoint has {counted(self._known.completed_count, 'item')} in {self.folder.path}, "
                f"but its table has {counted(self._items, 'row')}; start again in another folder"
            )

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        """Take a batch of items, as columns where they have that form.

        Args:
            rows: in any form, once the output was started.

        Returns:
            Each item that can't be written in this format, with the reason.

        Raises:
            DataProcessingError: the folder can't be written to.

        """
        if rows.columns() is None:
            return await self._take(rows.items(), self._encode)
        if self._positions is not None and not self._batch:
            await self._note_resumed()
        self._batch.append(_Entry(rows.keys, rows, ()))
        self._size += len(rows.keys)
        if self._size >= self._batch_items:
            await self._hand_over()
        return []

    def _encode(self, item: Item) -> tuple[_Entry, int]:
        return _Entry([key_of(item)], None, [item]), 1

    def _write(self, batch: list[_Entry]) -> None:
        items: list[Item] = []
        for entry in batch:
            if entry.rows is None:
                items += entry.items
                continue
            self._add_items(items)
            items = []
            self._add(entry.keys, entry.rows.columns(), entry.rows)
        self._add_items(items)
        if len(self._keys) >= self._part_items or self._held >= _PART_BYTES:
            self._end_part()

    def _add_items(self, items: Sequence[Item]) -> None:
        """Make columns of items; where that can't be, find the items that are at fault."""
        from stac_ingest.geoparquet.item_columns import columns_of  # noqa: PLC0415 - the other formats do without

        if not items:
            return
        try:
            made = columns_of(items)
        except (DataProcessingError, ValueError, TypeError) as error:
            if len(items) == 1:
                self._reject(items[0], error)
                return
            half = len(items) // 2
            self._add_items(items[:half])
            self._add_items(items[half:])
            return
        self._add(list(map(key_of, items)), made, None)

    def _add(self, keys: Sequence[Key], made: Any, rows: Rows | None) -> None:
        try:
            self._opened_spool().add(made.columns)
        except (ValueError, TypeError):
            if rows is None:
                raise
            self._add_items(list(rows.items()))
            return
        self._keys.extend(keys)
        self._held += sum(column.nbytes for column in made.columns.values())
        self._changes.add_null_members(made.null_members)
        for item, place, what in made.changes:
            self._changes.add(item, place, what)

    def _reject(self, item: Item, error: Exception) -> None:
        self._rejected += 1
        self._part_sound = False
        self._failed(item, error)

    def _opened_spool(self) -> Spool:
        if self._spool is None:
            from stac_ingest.geoparquet.spool import Spool  # noqa: PLC0415 - the other formats do without

            self._spool = Spool(self.folder.path_of(_SPOOL))
            self._table.begin(self._spool)
        return self._spool

    @property
    def _table(self) -> GrowingTable:
        assert self._columns is not None, "start comes first"
        return self._columns

    def _end_part(self) -> None:
        """Commit what has gathered, and note its items.

        Raises:
            OSError: the disk refuses it.
            DataProcessingError: the table's library does.

        """
        spool, number = self._opened_spool(), self._commits
        self._changes.flush()
        lines = [orjson.dumps(number), *map(orjson.dumps, self._keys)]
        self.folder.write(_PENDING, b"\n".join(lines) + b"\n", f"{_PENDING}.part")
        self.folder.sync_names()
        try:
            batches = self._table.admit(spool)
            self._commit(number, self._table.schema, batches, self._table.description)
        except (OSError, DataProcessingError):
            raise
        except Exception as error:  # a library's own errors have no class in common
            raise DataProcessingError(f"can't write the table {self.folder.path}: {error}") from error
        spool.remove()
        self._spool = None
        self._commits += 1
        self._items += len(self._keys)
        if self._checkpoints is not None:
            path = str(self.folder.path)
            self._mark((key, path) for key in self._keys)
            self._checkpoints.flush()
        self.folder.remove(_PENDING)
        self._keys, self._held = [], 0
        self._note_part()

    def _note(self, positions: list[Position]) -> None:
        self._part_positions += positions
        if not self._keys:
            self._note_part()

    def _note_part(self) -> None:
        """Note what lies before the end of the last commit."""
        if self._part_positions and self._part_sound:
            super()._note(self._part_positions)
        self._part_positions, self._part_sound = [], True

    def _finish(self) -> dict[str, Any]:
        if self._keys:
            self._end_part()
        manifest: dict[str, Any] = {
            "items": self._items,
            "commits": self._commits,
            "paths": [str(self.folder.path)] if self._commits else [],
            "rejected": self._rejected,
        }
        if self._table.kept_apart:
            manifest["kept_apart"] = self._table.kept_apart
        return manifest

    def _release(self) -> None:
        if self._spool is not None:
            self._spool.remove()
            self._spool = None

    def _read_pending(self) -> tuple[int | None, list[Key]]:
        """Return the number and the keys of the commit that was under way when a run ended; None where none was."""
        try:
            number, *keys = map(json.loads, self.folder.read(_PENDING).splitlines())
        except (OSError, ValueError):
            return None, []
        return number, [(collection, item_id) for collection, item_id in keys]

    def _refuse_links(self, names: set[str]) -> None:
        for name in names:
            refuse_link(self.folder.path_of(name), self.folder.path / name)

    def _remove_all(self) -> None:
        """Remove the table, of which nothing was noted."""
        for name in self.folder.names():
            if name in self.own_names and (path := self.folder.path_of(name)).is_dir():
                shutil.rmtree(path)
            elif self._is_of_table(name):
                self.folder.remove(name)

    @abstractmethod
    def _is_of_table(self, name: str) -> bool:
        """Tell whether a file in the folder is one of the table's."""

    @abstractmethod
    def _stored(self) -> StoredTable | None:
        """Open the table that is there; None where it has no commit. Runs in a thread."""

    @abstractmethod
    def _stored_items(self) -> Iterator[Item]:
        """Read the items of the table."""

    @abstractmethod
    def _commit(self, number: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch], description: str) -> None:
        """Append rows in one transaction, which names its number; the first makes the table. On disk at the end."""
