"""Checkpoint records as a folder of Parquet parts, which `pandas.read_parquet` reads as one table.

Every flush adds one small part. When enough of them have gathered (the square root of the number of flushes, at least
ten), they are merged into a part that is final. So each record is written twice, however many there are, and n flushes
leave about 3 sqrt(n) files. A part appears under its name only when it is whole and on disk. Names that start with `_`
are invisible to readers of the folder.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NamedTuple

COLUMNS = ("item_id", "collection_id", "output_path", "completed", "timestamp", "error")
MIN_MERGE = 10
_REPLACES = b"stac_ingest.replaces"
_PART_NAME = re.compile(r"part-(\d{10})-(\d{10})-[0-9a-f]{8}\.parquet")


class Record(NamedTuple):
    """What is kept of one item."""

    item_id: str
    output_path: str | None
    completed: bool
    timestamp: float
    """Unix time in seconds."""
    error: str | None


class Part(NamedTuple):
    """One file: the flushes that it holds."""

    first: int
    last: int
    name: str


class PartStore:
    """The parts of one checkpoint.

    Attributes:
        rows_written: records written since opening, merges included.
        set_aside: parts that could not be read and were renamed.

    """

    def __init__(self, folder: Path, logger: logging.Logger) -> None:
        self.folder = folder
        self.rows_written = 0
        self.set_aside: list[Path] = []
        self._logger = logger
        # Two writers at one checkpoint are a mistake, but must not overwrite each other's parts.
        self._token = secrets.token_hex(4)
        parts = self.parts()
        self._flushes = max((part.last for part in parts), default=0)
        self._unmerged = sum(part.first == part.last for part in parts)

    def parts(self) -> list[Part]:
        """What is there, oldest first."""
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        matches = (match for match in map(_PART_NAME.fullmatch, names) if match)
        return sorted(Part(int(match[1]), int(match[2]), match[0]) for match in matches)

    def tables(self, columns: Sequence[str]) -> Iterator[Any]:
        """Read each part, oldest first, after removing what an interrupted merge left behind."""
        self._finish_merges()
        for part in self.parts():
            table = self._read(part, columns)
            if table is not None:
                yield table

    def append(self, table: Any) -> None:
        """Write the records of one flush; when this returns they are on disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._flushes += 1
        self._write(table, self._flushes, self._flushes)
        self._unmerged += 1
        if self._unmerged >= max(MIN_MERGE, math.isqrt(self._flushes)):
            self._merge([part for part in self.parts() if part.first == part.last])

    def compact(self) -> None:
        """Make one part of all, with one record per item."""
        self._merge(self.parts())

    def _merge(self, parts: Sequence[Part]) -> None:
        tables = [table for part in parts if (table := self._read(part, COLUMNS)) is not None]
        self._unmerged = 0
        if not tables:
            return
        replaced = [part.name for part in parts]
        merged = self._write(latest_only(_concat(tables)), parts[0].first, parts[-1].last, replaced)
        self._remove(name for name in replaced if name != merged)

    def _finish_merges(self) -> None:
        parts = self.parts()
        existing = {part.name for part in parts}
        for part in parts:
            if part.first != part.last and (replaced := self._replaced_by(part, existing)):
                self._remove(replaced)
        for leftover in self.folder.glob("_*.tmp"):
            leftover.unlink(missing_ok=True)

    def _replaced_by(self, part: Part, existing: AbstractSet[str]) -> list[str]:
        """The names of the parts that were merged into this one and still exist."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            metadata = pq.read_metadata(self.folder / part.name).metadata or {}
        except (OSError, pa.ArrowException):
            return []
        names = json.loads(metadata.get(_REPLACES, b"[]"))
        still_there = [name for name in names if name in existing and name != part.name]
        # A footer can be whole when the records are not: only a part that reads well replaces others.
        return still_there if still_there and self._read(part, COLUMNS) is not None else []

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        _sync_folder(self.folder)

    def _write(self, table: Any, first: int, last: int, replaces: Sequence[str] = ()) -> str:
        import pyarrow.parquet as pq

        if replaces:
            table = table.replace_schema_metadata({_REPLACES: json.dumps(list(replaces))})
        name = f"part-{first:010d}-{last:010d}-{self._token}.parquet"
        temporary = self.folder / f"_{name}.tmp"
        with temporary.open("wb") as stream:
            pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.folder / name)
        _sync_folder(self.folder)
        self.rows_written += table.num_rows
        return name

    def _read(self, part: Part, columns: Sequence[str]) -> Any | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / part.name
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                return file.read(columns=list(columns))
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException) as error:
            self._set_aside(path, error)
            return None

    def _set_aside(self, path: Path, error: Exception) -> None:
        target = path.with_name(f"_{path.name}.corrupt")
        with contextlib.suppress(FileNotFoundError):
            path.replace(target)
        self.set_aside.append(target)
        self._logger.warning(
            "checkpoint part %s can't be read and was set aside as %s; its items will be ingested again (%s)",
            path,
            target.name,
            error,
        )


def schema() -> Any:
    """The columns of a checkpoint, as an Arrow schema."""
    import pyarrow as pa

    text = pa.string()
    types: tuple[Any, ...] = (text, text, text, pa.bool_(), pa.timestamp("us", tz="UTC"), text)
    return pa.schema(list(zip(COLUMNS, types, strict=True)))


def records_table(collection_id: str, records: Iterable[Record]) -> Any:
    """Records as a table. Lone surrogates, which JSON allows and UTF-8 does not, are written as escapes."""
    import pyarrow as pa

    rows = [
        (
            _encodable(record.item_id),
            _encodable(collection_id),
            _encodable(record.output_path),
            record.completed,
            round(record.timestamp * 1e6),
            _encodable(record.error),
        )
        for record in records
    ]
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(columns, schema=schema())


def _encodable(text: str | None) -> str | None:
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def latest_only(table: Any) -> Any:
    """Keep the last record of each item."""
    ids = table["item_id"].to_pylist()
    last = {item_id: row for row, item_id in enumerate(ids)}
    return table if len(last) == len(ids) else table.take(sorted(last.values()))


def _concat(tables: Sequence[Any]) -> Any:
    import pyarrow as pa

    return pa.concat_tables(tables)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
