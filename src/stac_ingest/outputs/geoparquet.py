"""STAC-GeoParquet, in parts."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from stac_ingest.core.atomic import sync_to_disk
from stac_ingest.core.background import Background
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item, Position
from stac_ingest.core.rows import Rows
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError, ItemError
from stac_ingest.outputs.base import BatchedOutput
from stac_ingest.outputs.directory import holds_earlier_run

_PART = re.compile(r"part-(\d{5,})\.parquet")
_UNFINISHED = re.compile(r"\.?\.unfinished(-\d+)?\.parquet(\.\d+\.\w+)?")
"""A part under way, and the writer's own files beside it; an earlier release gave its one part no number."""
_PENDING = ".pending.parquet"
"""A part that is whole; it gets its name when the checkpoint has its items, so named parts never lack marks."""

_Read = TypeVar("_Read")
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


@dataclass
class _Part:
    """What there is of a part until it has its name."""

    temporary: str
    """The name that it is written under."""
    keys: list[Key] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    """Of the source: what lies before them is in this part or in earlier ones."""
    sound: bool = True
    """Whether every item of the part could be written: the positions of one that couldn't are to be read again."""


class GeoParquetOutput(BatchedOutput[Item | _Table]):
    """Writes `part-00000.parquet` and so on, each of about `part_items` items.

    A part appears when it is whole; only then its items are completed. Its end is encoded and synced to disk while the
    next part begins. On resume the parts that are there stay, and a new one is begun: what a killed run costs is the
    part under way, and the one before where that was not on disk yet.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        row_group_items: int = 2000,
        part_items: int = 20_000,
        on_part: Callable[[Sequence[Key]], None] | None = None,
    ) -> None:
        """Make the output. Nothing is opened before `start`.

        Args:
            folder: where the parts are; made where it isn't there.
            row_group_items: items of a row group, which a reader decodes at once.
            part_items: about how many items a file holds; a file ends with a whole batch.
            on_part: told which items are in a part, in the order of its rows, when it is on disk.

        """
        super().__init__(folder, batch_items=row_group_items)
        self._tables = 0
        """How many entries of the batch are tables; the items after them are to become one."""
        self._table_rows = 0
        self._row_group_items = row_group_items
        self._part_items = part_items
        self._on_part = on_part
        self._writer: Any = None
        self._parts = 0
        """How many this run has begun."""
        self._part = self._new_part()
        self._ended: _Part | None = None
        """The part whose end is being written."""
        self._ending = Background("part")
        self._paths: list[Path] = []
        self._next = 0
        self._items = 0
        self._rejected = 0

    def _new_part(self) -> _Part:
        self._parts += 1
        return _Part(f".unfinished-{self._parts:05d}.parquet")

    def _open(self, *, resume: bool) -> None:
        self._remove_unfinished()
        numbers = ((part_number(name), name) for name in self.folder.names())
        matches = sorted((number, name) for number, name in numbers if number is not None)
        if matches and not resume:
            raise ConfigurationError(holds_earlier_run(self.folder.path, matches[0][1]))
        self._paths = [self.folder.path / name for _, name in matches]
        self._next = matches[-1][0] + 1 if matches else 0
        if resume:
            self._resume()
        else:
            self.folder.remove(_PENDING)

    def _resume(self) -> None:
        """Finish the part that was whole and marked, if there is one, and count what is there.

        Raises:
            ConfigurationError: the parts hold fewer items than the checkpoint has.

        """
        import pyarrow.parquet as pq  # noqa: PLC0415 - the other formats do without

        pending = self.folder.path_of(_PENDING)
        if pending.exists():
            if all(map(self._is_known, _of_part(keys_of_part, self.folder.path / _PENDING, pending))):
                self._publish()
            else:
                self.folder.remove(_PENDING)
        if self._records_lost:
            self._known.replace(
                (key, str(path)) for path, opened in self._files() for key in _of_part(keys_of_part, path, opened)
            )
        self._items = sum(_of_part(pq.read_metadata, path, opened).num_rows for path, opened in self._files())
        if self._items < self._known.completed_count:
            raise ConfigurationError(
                f"the checkpoint has {counted(self._known.completed_count, 'item')} in {self.folder.path}, "
                f"but its parts hold {self._items:,}; start again in another folder"
            )

    def _files(self) -> list[tuple[Path, Path]]:
        """Return the files that hold completed items: what they are called, and a path to open them by."""
        return [(path, self.folder.path_of(path.name)) for path in self._paths]

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        """Take a batch of items, as columns where they have that form.

        Args:
            rows: in any form, once the output was started.

        Returns:
            Each item that can't be written in this format, with the reason.

        Raises:
            DataProcessingError: the folder can't be written to.

        """
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
        if not self._ending.is_busy:
            self._publish_ended()
        if self._writer is None:
            from stac_ingest.geoparquet.writer import GeoParquetWriter  # noqa: PLC0415 - the other formats do without

            self._writer = GeoParquetWriter(
                self.folder.path_of(self._part.temporary),
                row_group_items=self._row_group_items,
                changes=self._changes,
                collections=self._collection_documents,
            )
        for table in batch:  # in the order of the items, but for those that failed
            assert isinstance(table, _Table), "what is handed over is made a table before"
            self._write_table(table)
        if len(self._part.keys) >= self._part_items:
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
            self._part.keys.extend(table.keys)
        for item, error in table.failed:
            self._rejected += 1
            self._part.sound = False
            self._failed(item, error)

    def _end_part(self) -> None:
        """Have the end of the part written while the next one begins."""
        self._publish_ended()
        writer, self._writer = self._writer, None
        part, self._part = self._part, self._new_part()
        self._changes.flush()
        self._ending.do(partial(_end, writer, self.folder.path_of(part.temporary)))
        self._ended = part

    def _publish_ended(self) -> None:
        """Mark the items of the part that has ended, and give it its name, once all of it is on disk."""
        part, self._ended = self._ended, None
        if part is None:
            return
        self._ending.wait()
        self.folder.rename(part.temporary, _PENDING)
        self.folder.sync_names()
        self._items += len(part.keys)
        if self._on_part is not None:
            self._on_part(part.keys)
        if self._checkpoints is not None:
            path = str(self.folder.path / self._name())
            self._mark((key, path) for key in part.keys)
            self._checkpoints.flush()
        self._publish()
        self._note_part(part)

    def _note(self, positions: list[Position]) -> None:
        part = self._part
        part.positions += positions
        if part.keys:
            return
        # Nothing waits to be written but the part that ends.
        if self._ended is None:
            self._note_part(part)
        elif part.sound:
            self._ended.positions += part.positions
        part.positions, part.sound = [], True

    def _note_part(self, part: _Part) -> None:
        """Note what lies before the end of a part."""
        if part.positions and part.sound:
            super()._note(part.positions)

    def _publish(self) -> None:
        name = self._name()
        self.folder.rename(_PENDING, name)
        self.folder.sync_names()
        self._paths.append(self.folder.path / name)
        self._next += 1

    def _name(self) -> str:
        return f"part-{self._next:05d}.parquet"

    def _finish(self) -> dict[str, Any]:
        if self._part.keys:
            self._end_part()
        self._publish_ended()
        return {
            "items": self._items,
            "bytes": sum(self.folder.path_of(path.name).stat().st_size for path in self._paths),
            "paths": [str(path) for path in self._paths],
            "rejected": self._rejected,
        }

    def _release(self) -> None:
        # A part that was whole when the run went wrong isn't lost; why it can't be kept is no news any more.
        with contextlib.suppress(IngestError, OSError, ValueError):
            self._publish_ended()
        self._ending.close()
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def _remove_unfinished(self) -> None:
        """Remove what an earlier run has left of parts under way."""
        for name in self.folder.names():
            if _UNFINISHED.fullmatch(name):
                self.folder.remove(name)


def _end(writer: Any, path: Path) -> None:
    writer.close()
    sync_to_disk(path)


def _tables(items: Sequence[Item]) -> list[_Table]:
    """Return columns of items; where that can't be, the items that are at fault."""
    from stac_ingest.geoparquet.item_columns import columns_of  # noqa: PLC0415 - the other formats do without

    try:
        return [_Table(list(map(key_of, items)), columns_of(items))]
    except (DataProcessingError, ValueError, TypeError) as error:
        if len(items) == 1:
            return [_Table([], None, [(items[0], error)])]
        half = len(items) // 2
        return [*_tables(items[:half]), *_tables(items[half:])]


def _of_part(read: Callable[[Path], _Read], path: Path, opened: Path) -> _Read:
    """Return what is read of a part of an earlier run.

    Raises:
        DataProcessingError: it can't be read; with the part's name.

    """
    import pyarrow as pa  # noqa: PLC0415 - the other formats do without

    try:
        return read(opened)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataProcessingError(
            f"{path} is a part that can't be read: {error}; restore it, or start again in another folder"
        ) from error


def part_number(name: str) -> int | None:
    """Return the number of the part that has a name; None for another file."""
    match = _PART.fullmatch(name)
    return int(match[1]) if match else None


def keys_of_part(path: Path) -> list[Key]:
    """Return which items a part holds, in the order of its rows.

    Raises:
        OSError: it can't be read.
        ValueError: it is no Parquet file of items.

    """
    return list(keys_of_rows(path))


def keys_of_rows(path: Path) -> Iterator[Key]:
    """Yield which item each row of a part is, in their order; a bounded number is read at once.

    Raises:
        OSError, ValueError: it can't be read.

    """
    import pyarrow as pa  # noqa: PLC0415 - the other formats do without
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    from stac_ingest.geoparquet.json_text import parse_json_text  # noqa: PLC0415 - same

    with pq.ParquetFile(path) as file:
        names = [name for name in ("id", "collection") if name in file.schema_arrow.names]
        for batch in file.iter_batches(_READ_ROWS, columns=names, use_threads=False):
            rows: list[Item] = batch.to_pylist()
            if "collection" in names and isinstance(batch.schema.field("collection").type, pa.JsonType):
                # Collections of more than one type are JSON texts.
                for row in rows:
                    row["collection"] = None if row["collection"] is None else parse_json_text(row["collection"])
            yield from map(key_of, rows)


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
