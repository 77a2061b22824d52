"""Checkpoint records as a folder of Parquet parts, which `pandas.read_parquet` reads as one table.

Every flush adds one small part. When enough of them have gathered (the square root of the number of flushes, at least
ten), they are merged into a part that is final. So each record is written twice, however many there are, and n flushes
leave about 3 sqrt(n) files. A part appears under its name only when it is whole and on disk. Names that start with `_`
are invisible to readers of the folder.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

MIN_MERGE = 10
_BY_COLLECTION = "_by_collection"
"""A file that is there where records know items by collection and id. Without it, they are of an earlier release."""
_PART_NAME = re.compile(r"part-(\d{10})-(\d{10})-[0-9a-f]{8}\.parquet")


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
        earlier_layout: whether the records are of a release that knew items by their ids alone.

    """

    def __init__(self, folder: Path, logger: logging.Logger) -> None:
        self.folder = folder
        self.rows_written = 0
        self.set_aside: list[Path] = []
        self._logger = logger
        # Two writers at one checkpoint are a mistake, but must not overwrite each other's parts.
        self._token = os.urandom(4).hex()
        parts = self.parts()
        self._flushes = max((part.last for part in parts), default=0)
        self._unmerged = sum(part.first == part.last for part in parts)
        self._marked = bool(parts)
        self.earlier_layout = self._marked and not (folder / _BY_COLLECTION).exists()

    def parts(self) -> list[Part]:
        """List what is there, oldest first."""
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        matches = (match for match in map(_PART_NAME.fullmatch, names) if match)
        return sorted(Part(int(match[1]), int(match[2]), match[0]) for match in matches)

    def tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Read each part, oldest first, after removing what an interrupted merge left behind."""
        self._finish_merges()
        for part in self.parts():
            table = self._read(part, columns)
            if table is not None:
                yield table

    def append(self, table: pa.Table) -> None:
        """Write the records of one flush; when this returns they are on disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._marked:
            self._mark_layout()
        self._flushes += 1
        self._write(table, self._flushes, self._flushes)
        self._unmerged += 1
        if self._unmerged >= max(MIN_MERGE, math.isqrt(self._flushes)):
            self._merge([part for part in self.parts() if part.first == part.last])

    def compact(self) -> int:
        """Make one part of all, with one record per item, and return how many there are."""
        return self._merge(self.parts())

    def replace(self, table: pa.Table) -> None:
        """Put these records in the place of all that there are; when this returns they are on disk."""
        parts = self.parts()
        replaced = [part.name for part in parts]
        self._flushes += 1
        written = self._write(table, parts[0].first if parts else self._flushes, self._flushes, replaced)
        self._remove(name for name in replaced if name != written)
        self._unmerged = 0
        self._mark_layout()

    def _mark_layout(self) -> None:
        (self.folder / _BY_COLLECTION).touch()
        self._marked, self.earlier_layout = True, False

    def _merge(self, parts: Sequence[Part]) -> int:
        tables = [table for part in parts if (table := self._read(part)) is not None]
        self._unmerged = 0
        if not tables:
            return 0
        replaced = [part.name for part in parts]
        latest = _tables().latest_only(tables)
        merged = self._write(latest, parts[0].first, parts[-1].last, replaced)
        self._remove(name for name in replaced if name != merged)
        return int(latest.num_rows)

    def _finish_merges(self) -> None:
        parts = self.parts()
        existing = {part.name for part in parts}
        for part in parts:
            if part.first != part.last and (replaced := self._replaced_by(part, existing)):
                self._remove(replaced)
        for leftover in self.folder.glob("_*.tmp"):
            leftover.unlink(missing_ok=True)

    def _replaced_by(self, part: Part, existing: AbstractSet[str]) -> list[str]:
        """List the parts that were merged into this one and still exist."""
        names = _tables().replaced_by(self.folder / part.name)
        still_there = [name for name in names if name in existing and name != part.name]
        # A footer can be whole when the records are not: only a part that reads well replaces others.
        return still_there if still_there and self._read(part) is not None else []

    def _remove(self, names: Iterable[str]) -> None:
        _tables().remove([self.folder / name for name in names])

    def _write(self, table: pa.Table, first: int, last: int, replaces: Sequence[str] = ()) -> str:
        name = f"part-{first:010d}-{last:010d}-{self._token}.parquet"
        _tables().write(table, self.folder / name, replaces)
        self.rows_written += table.num_rows
        return name

    def _read(self, part: Part, columns: Sequence[str] | None = None) -> pa.Table | None:
        path = self.folder / part.name
        try:
            table: pa.Table = _tables().read(path, columns)
        except FileNotFoundError:
            return None
        except _tables().UNREADABLE as error:
            self._set_aside(path, error)
            return None
        return table

    def _set_aside(self, path: Path, error: Exception) -> None:
        target = path.with_name(f"_{path.name}.corrupt")
        with contextlib.suppress(FileNotFoundError):
            path.replace(target)
        self.set_aside.append(target)
        self._logger.warning(
            "checkpoint part %s is unreadable and set aside as %s; the output is asked for its items (%s)",
            path,
            target.name,
            error,
        )


def _tables() -> Any:
    from stac_ingest.checkpoints import tables  # noqa: PLC0415 - pyarrow is loaded when there are records, not before

    return tables
