"""GeoParquet files, on disk or on object storage: how they are cut by row groups, and how some of these are read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from hashlib import sha256
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pyarrow.fs as pafs

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Batch
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding.plan import Rows, RowsPiece, Shard
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
from stac_ingest.sharding.splitters.base import FilesSplitter, SplitPlan, changed_since_planned, unreadable
from stac_ingest.sharding.splitters.objects import name_below, objects_by_kind
from stac_ingest.sharding.splitters.partition import balanced
from stac_ingest.sources.folder import files_in
from stac_ingest.sources.geoparquet import GeoParquetSource, RowGroups, row_groups
from stac_ingest.sources.hive import keys_of_items
from stac_ingest.sources.kind import PARQUET_SUFFIXES
from stac_ingest.sources.wanted import filter_of
from stac_ingest.summary import IngestSummary

AT_ONCE = 8
"""Files whose footers are read at the same time: on object storage each takes a round trip or two."""


class GeoParquetSplitter(FilesSplitter):
    """Cuts GeoParquet files by row groups."""

    format = "parquet"

    def __init__(self, settings: ShardedIngest) -> None:
        super().__init__(settings)
        self._filesystem, self._root = _open(settings)
        self._wanted = filter_of(settings.config())

    def stamp(self) -> str:
        """Return a hash of the names, sizes and times of all files."""
        return _stamp(self._files())

    def split(self) -> SplitPlan:
        """Cut the files into runs of row groups with similar numbers of rows."""
        files = self._files()
        with ThreadPoolExecutor(AT_ONCE, "footers") as threads:
            groups = [group for of_file in threads.map(self._groups, files) for group in of_file]
        found = len(groups)
        groups = [group for group in groups if group.may_match]
        rows = sum(group.rows for group in groups)
        shards = self._settings.shards or max(1, -(-rows // self._settings.items_per_shard))
        parts = [groups[part.start : part.stop] for part in balanced([group.rows for group in groups], shards)]
        return SplitPlan(
            [RowsPiece(files=_row_ranges(part)) for part in parts],
            [sum(group.rows for group in part) for part in parts],
            rows,
            counts_items=True,
            stamp=_stamp(files),
            notes=[f"left out {found - len(groups):,} of {counted(found, 'row group')}: nothing in them is asked for"]
            if found > len(groups)
            else [],
        )

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> RowsShardSource:
        """Make the source of a shard."""
        assert isinstance(shard.piece, RowsPiece)
        return RowsShardSource(self._filesystem, self._root, shard.piece, config, summary)

    def _files(self) -> list[pafs.FileInfo]:
        try:
            (root,) = self._filesystem.get_file_info([self._root])
            infos = [root] if root.is_file else self._within()
        except OSError as error:
            raise ConfigurationError(unreadable(self._settings.source, error)) from None
        files = [file for file in infos if file.is_file and file.path.endswith(PARQUET_SUFFIXES)]
        if not files:
            raise ConfigurationError(
                f"source: no GeoParquet files found at {self._settings.source} (names that end in "
                f"{' or '.join(PARQUET_SUFFIXES)})"
            )
        return sorted(files, key=lambda file: file.path)

    def _within(self) -> list[pafs.FileInfo]:
        """List the files of a folder and of those in it."""
        if is_object_storage(self._settings.source):
            found = objects_by_kind(self._filesystem, self._root, self.format)
            return [info for infos in found.values() for info in infos]
        folder = Path(self._root)
        if not folder.is_dir():
            return []
        files = files_in(folder, self._settings.format)
        if files.refused:
            raise ConfigurationError(f"source: {folder / files.refused[0].name}: {files.refused[0].why}")
        infos: list[pafs.FileInfo] = self._filesystem.get_file_info([str(folder / name) for name in files.tables])
        return infos

    def _groups(self, file: pafs.FileInfo) -> list[_Group]:
        found = row_groups(_path(file.path), self._filesystem)
        _raise_if_transient(found.error)
        whole = found._replace(keys=keys_of_items(name_below(file.path, self._root), found.schema))
        if whole.metadata is None:
            return [_Group(file.path, -1, 0, _file_stamp(file))]
        may_match = whole.may_match(self._wanted)
        return [
            _Group(file.path, number, whole.metadata.row_group(number).num_rows, _file_stamp(file), may_match(number))
            for number in whole.numbers
        ]


class RowsShardSource(GeoParquetSource):
    """The row groups of one shard."""

    def __init__(
        self, filesystem: pafs.FileSystem, root: str, piece: RowsPiece, config: IngestConfig, summary: IngestSummary
    ) -> None:
        super().__init__([], config, summary)
        self._filesystem = filesystem
        self._root_of_files = root
        self._piece = piece

    async def units(self) -> AsyncGenerator[RowGroups]:
        """List the row groups, those of one file together.

        Raises:
            DataProcessingError: a file isn't the one that was planned, or the storage doesn't answer.

        """
        for (path, planned), runs in groupby(self._piece.files, key=lambda rows: (rows.path, rows.stamp)):
            try:
                (file,) = self._filesystem.get_file_info([path])
            except OSError as error:
                raise DataProcessingError(f"can't look at {path}: {error}") from error
            if _file_stamp(file) != planned:
                raise DataProcessingError(changed_since_planned(path))
            name = name_below(path, self._root_of_files)
            name = "" if name == path else name
            found = row_groups(_path(path), self._filesystem)
            whole = found._replace(name=name, keys=keys_of_items(name, found.schema))
            if whole.metadata is None:
                yield whole
                continue
            for rows in runs:
                yield self._filtered(whole._replace(numbers=range(rows.first, rows.last + 1)))

    async def read(self, unit: RowGroups) -> AsyncGenerator[Batch]:
        """Read row groups, batch by batch.

        Raises:
            DataProcessingError: object storage failed, which it may not do the next time.

        """
        async with aclosing(super().read(unit)) as batches:
            async for batch in batches:
                for payload in batch:
                    _raise_if_transient(payload.error)
                yield batch


class _Group(NamedTuple):
    path: str
    number: int
    """-1 stands for a file that can't be opened, which is a failure of the shard that has it."""
    rows: int
    stamp: str
    may_match: bool = True
    """Whether there can be a wanted item in it."""


def _open(settings: ShardedIngest) -> tuple[pafs.FileSystem, str]:
    if not is_object_storage(settings.source):
        return pafs.LocalFileSystem(), settings.source
    from stac_ingest.sharding.s3 import open_bucket  # noqa: PLC0415 - folders do without it

    return open_bucket(settings.source, settings, "source")


_OF_STORAGE = "AWS Error"
"""Arrow says so of what a bucket's server answers; in all else, damaged files and servers' failures look alike."""


def _raise_if_transient(error: Exception | None) -> None:
    if error is not None and _OF_STORAGE in str(error):
        raise DataProcessingError(str(error)) from error


def _path(path: str) -> Path:
    # The reader wants a name to report and a path to open, and never asks this machine about it.
    return PurePosixPath(path)  # type: ignore[return-value]


def _row_ranges(groups: list[_Group]) -> list[Rows]:
    ranges = []
    # Numbers that follow each other are as far from their places in the list.
    runs = groupby(enumerate(groups), key=lambda one: (one[1].path, one[1].stamp, one[1].number - one[0]))
    for (path, stamp, _), members in runs:
        numbers = [group.number for _, group in members]
        ranges.append(Rows(path=path, first=numbers[0], last=numbers[-1], stamp=stamp))
    return ranges


def _file_stamp(file: pafs.FileInfo) -> str:
    return f"{file.size}@{file.mtime_ns}"


def _stamp(files: Iterable[pafs.FileInfo]) -> str:
    return sha256("\n".join(f"{file.path} {_file_stamp(file)}" for file in files).encode()).hexdigest()
