"""STAC-GeoParquet, in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from stac_ingest.core.atomic import sync_to_disk
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item, Position
from stac_ingest.core.rows import Rows
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.outputs.base import BatchedOutput

_PART = re.compile(r"part-(\d{5,})\.parquet")
_UNFINISHED = ".unfinished.parquet"
_PENDING = ".pending.parquet"
"""A part that is whole; it gets its name when the checkpoint has its items, so named parts never lack marks."""

_READ_ROWS = 1000
_TOGETHER = 256
"""Items that become columns at once: that few stay in the processor's caches, and more gain nothing."""


class _Table(NamedTuple):
    """Items that are columns."""

    keys: Sequence[Key]
    columns: Any
    """As the writer takes them; None where there are none."""
    failed: Sequence[tuple[Item, Exception]] = ()
    """Those that can't be columns."""
    rows: Rows | None = None
    """What they came as, where they were columns before; items are made of it should the columns not fit."""


class GeoParquetOutput(BatchedOutput[Item | _Table]):
    """Writes `part-00000.parquet` and so on, each of about `part_items` items.

    A part appears when it is whole; only then its items are completed. On resume the parts that are there stay, and a
    new one is begun: what a killed run costs is a part.
    """

    def __init__(self, folder: str | PathLike[str], *, row_group_items: int = 2000, part_items: int = 20_000) -> None:
        super().__init__(folder, batch_items=row_group_items)
        self._tables = 0
        """How many entries of the batch are tables; the items after them are to become one."""
        self._table_rows = 0
        self._row_group_items = row_group_items
        self._part_items = part_items
        self._writer: Any = None
        self._part_keys: list[Key] = []
        self._part_positions: list[Position] = []
        self._part_sound = True
        """Whether every item of the part could be written: the positions of one that couldn't are to be read again."""
        self._paths: list[Path] = []
        self._next = 0
        self._items = 0
        self._rejected = 0

    def _open(self, *, resume: bool) -> None:
        self._remove_unfinished()
        matches = sorted((int(match[1]), match[0]) for match in map(_PART.fullmatch, self.folder.names()) if match)
        if matches and not resume:
            raise ConfigurationError(
                f"the output folder {self.folder.path} holds {matches[0][1]} of an earlier run; "
                "resume that run, or give another folder"
            )
        self._paths = [self.folder.path / name for _, name in matches]
        self._next = matches[-1][0] + 1 if matches else 0
        if resume:
            self._resume()
        else:
            self.folder.remove(_PENDING)

    def _resume(self) -> None:
        """Finish the part that was whole and marked, if there is one, and count what is there."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - the other formats do without

        pending = self.folder.path_of(_PENDING)
        if pending.exists():
            if all(map(self._is_known, _keys(pending))):
                self._publish()
            else:
                self.folder.remove(_PENDING)
        if self._records_lost:
            self._known.replace((key, str(path)) for path, opened in self._files() for key in _keys(opened))
        self._items = sum(pq.read_metadata(opened).num_rows for _, opened in self._files())
        if self._items < self._known.completed_count:
            raise ConfigurationError(
                f"the checkpoint says that {self._known.completed_count} items are in {self.folder.path}, "
                f"but its parts hold {self._items}; start afresh in another folder"
            )

    def _files(self) -> list[tuple[Path, Path]]:
        """Give the files that hold completed items: what they are called, and a path to open them by."""
        return [(path, self.folder.path_of(path.name)) for path in self._paths]

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        """Take some items: their columns, where they have them."""
        if self._positions is not None and not self._batch:
            await self._note_resumed()
        columns = rows.columns()
        if columns is None:
            self._batch.extend(rows.items())
        else:
            self._make_tables()
            self._add_tables([_Table(rows.keys, columns, rows=rows)])
        if self._is_full:
            await self._hand_over()
        return []

    @property
    def _is_full(self) -> bool:
        if len(self._batch) - self._tables >= min(_TOGETHER, self._batch_items):
            self._make_tables()
        return self._table_rows >= self._batch_items

    async def _hand_over(self) -> None:
        self._make_tables()
        self._tables = self._table_rows = 0
        await super()._hand_over()

    def _make_tables(self) -> None:
        """Make columns of the items that wait, in the thread that parsed them: their objects are near, then gone."""
        items = self._batch[self._tables :]
        del self._batch[self._tables :]
        if items:
            self._add_tables(_tables([item for item in items if not isinstance(item, _Table)]))

    def _add_tables(self, tables: Sequence[_Table]) -> None:
        self._batch += tables
        self._tables = len(self._batch)
        self._table_rows += sum(len(table.keys) for table in tables)

    def _encode(self, item: Item) -> tuple[Item, int]:
        return item, 0

    def _write(self, batch: list[Item | _Table]) -> None:
        if self._writer is None:
            from stac_ingest.geoparquet.writer import GeoParquetWriter  # noqa: PLC0415 - the other formats do without

            self._writer = GeoParquetWriter(
                self.folder.path_of(_UNFINISHED), row_group_items=self._row_group_items, changes=self._changes
            )
        for table in batch:  # in the order of the items, but for those that failed
            assert isinstance(table, _Table), "what is handed over is made a table before"
            self._write_table(table)
        if len(self._part_keys) >= self._part_items:
            self._end_part()

    def _write_table(self, table: _Table) -> None:
        if table.columns is not None:
            try:
                self._writer.write_columns(table.columns)
            except (ValueError, TypeError):
                if table.rows is None:
                    raise
                for one in _tables(list(table.rows.items())):
                    self._write_table(one)
                return
            self._part_keys.extend(table.keys)
        for item, error in table.failed:
            self._rejected += 1
            self._part_sound = False
            self._failed(item, error)

    def _end_part(self) -> None:
        writer, self._writer = self._writer, None
        writer.close()
        sync_to_disk(self.folder.path_of(_UNFINISHED))
        self.folder.rename(_UNFINISHED, _PENDING)
        self.folder.sync_names()
        self._items += len(self._part_keys)
        self._changes.flush()
        if self._checkpoints is not None:
            path = str(self.folder.path / self._name())
            self._mark((key, path) for key in self._part_keys)
            self._checkpoints.flush()
        self._part_keys = []
        self._publish()
        self._note_part()

    def _note(self, positions: list[Position]) -> None:
        self._part_positions += positions
        if not self._part_keys:
            self._note_part()

    def _note_part(self) -> None:
        """Note what lies before the end of the last part."""
        if self._part_positions and self._part_sound:
            super()._note(self._part_positions)
        self._part_positions, self._part_sound = [], True

    def _publish(self) -> None:
        name = self._name()
        self.folder.rename(_PENDING, name)
        self.folder.sync_names()
        self._paths.append(self.folder.path / name)
        self._next += 1

    def _name(self) -> str:
        return f"part-{self._next:05d}.parquet"

    def _finish(self) -> dict[str, Any]:
        if self._part_keys:
            self._end_part()
        return {
            "items": self._items,
            "bytes": sum(self.folder.path_of(path.name).stat().st_size for path in self._paths),
            "paths": [str(path) for path in self._paths],
            "rejected": self._rejected,
        }

    def _release(self) -> None:
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def _remove_unfinished(self) -> None:
        """Remove the part under way, and the writer's own files beside it."""
        for name in self.folder.names():
            if _UNFINISHED in name:
                self.folder.remove(name)


def _tables(items: Sequence[Item]) -> list[_Table]:
    """Make columns of items; where that can't be, find the items that are at fault."""
    from stac_ingest.geoparquet.item_columns import columns_of  # noqa: PLC0415 - the other formats do without

    try:
        return [_Table(list(map(key_of, items)), columns_of(items))]
    except (DataProcessingError, ValueError, TypeError) as error:
        if len(items) == 1:
            return [_Table([], None, [(items[0], error)])]
        half = len(items) // 2
        return [*_tables(items[:half]), *_tables(items[half:])]


def _keys(path: Path) -> list[Key]:
    """Read which items a part holds."""
    import pyarrow as pa  # noqa: PLC0415 - the other formats do without
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    from stac_ingest.geoparquet.json_text import parse_json_text  # noqa: PLC0415 - same

    with pq.ParquetFile(path) as file:
        names = [name for name in ("id", "collection") if name in file.schema_arrow.names]
        table = file.read(columns=names)
    rows: list[Item] = table.to_pylist()
    if "collection" in names and isinstance(table.schema.field("collection").type, pa.JsonType):
        # Collections of more than one type are JSON texts.
        for row in rows:
            row["collection"] = None if row["collection"] is None else parse_json_text(row["collection"])
    return list(map(key_of, rows))


def read_part(path: Path) -> Iterator[Item]:
    """Yield the items of a file; a row that is no item is left out.

    Raises:
        DataProcessingError: it can't be read.

    """
    import pyarrow as pa  # noqa: PLC0415 - the other formats do without
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    from stac_ingest.geoparquet.decoder import Decoder  # noqa: PLC0415 - same

    try:
        with pq.ParquetFile(path) as file:
            decoder = Decoder(file.schema_arrow)
            for rows in file.iter_batches(_READ_ROWS):
                yield from decoder.items(rows, path.name, lambda *_: None)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataProcessingError(f"{path}: can't be read: {error}") from error
