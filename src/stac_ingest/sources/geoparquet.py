"""STAC-GeoParquet files; and any other Parquet file, whose rows are yielded as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from stac_ingest.config import IngestConfig
from stac_ingest.core.background import usable_cores
from stac_ingest.core.model import Batch, Item, Payload, Reject
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.core.source import Source
from stac_ingest.core.text import counted, is_encodable
from stac_ingest.errors import DataProcessingError
from stac_ingest.filters.item_filter import ItemFilter
from stac_ingest.filters.row_groups import RowGroupFilter
from stac_ingest.filters.rows import RowFilter
from stac_ingest.geoparquet.batch_size import ROWS, Open, batch_rows
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.metadata_check import check_columns
from stac_ingest.geoparquet.table_metadata import collections_of, marked_geometries, schema_of_file
from stac_ingest.geoparquet.table_rows import table_lines, table_rows
from stac_ingest.sources.combined import CombinedSource, RefusedFiles
from stac_ingest.sources.gathered_rows import Read, gathered
from stac_ingest.sources.hive import fill, keys_of_items
from stac_ingest.sources.kind import Where
from stac_ingest.sources.wanted import filter_of
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from stac_ingest.stores.table_file import StoredTable

READ_BUFFER = 64 << 10
"""Bytes read from a column chunk at once."""

UNREADABLE = (OSError, ValueError, OverflowError, pa.ArrowException)
"""What reading a damaged file can raise: names of columns that aren't UTF-8 are a `UnicodeDecodeError`."""

_UNNAMED = "its path isn't UTF-8, and Arrow opens no such file; rename it"


class RowGroups(NamedTuple):
    """Row groups of one file; or the file itself, where it can't be opened."""

    path: Path
    numbers: Sequence[int]
    metadata: pq.FileMetaData | None
    decoder: Decoder | None
    error: Exception | None = None
    filesystem: pafs.FileSystem | None = None
    """That the path is of; None for this machine's own."""
    stored: StoredTable | None = None
    """The object that is read instead of a file, where it lies in a store."""
    schema: pa.Schema | None = None
    rows: RowFilter | None = None
    """Leaves out rows before items are made of them."""
    name: str = ""
    """What the file is called in failures; its own name where there is none."""
    keys: dict[str, Any] | None = None
    """What the folders of its path say of its rows."""

    @property
    def called(self) -> str:
        """What the file is called in failures."""
        return self.name or self.path.name

    def may_match(self, wanted: ItemFilter | None) -> Callable[[int], bool]:
        """Give what says whether a row group can hold a wanted item."""
        if wanted is None or self.metadata is None or self.schema is None or self.keys:
            return lambda _: True
        return RowGroupFilter(wanted, self.metadata, self.schema).may_match


class Decodable(NamedTuple):
    """What a payload carries: rows, and what makes items of them."""

    decoder: Decoder
    rows: pa.RecordBatch
    keys: dict[str, Any] | None = None


class GeoParquetSource:
    """The rows of one or more Parquet files, read a bounded number of rows at a time.

    While the consumer makes items of a batch of rows, a thread reads the next one, which needs no interpreter lock.
    A unit of work is a file where it is one at a time, and else a row group, so that one file is work for several.
    """

    def __init__(
        self, paths: Sequence[Path], config: IngestConfig, summary: IngestSummary, root: Path | None = None
    ) -> None:
        """Read files.

        Args:
            paths: of the files.
            config: the settings.
            summary: takes the counts.
            root: the folder that they are in, where one is read; the folders between may say something of the rows.

        """
        self._paths = paths
        self._root = root
        self._summary = summary
        self._wanted = filter_of(config)
        self._looked_at = self._left_out = 0
        self._inline = config.workers == 1
        self._ahead = config.read_ahead is not False
        # More at once than there are cores would be no faster, and each holds a reader of some 100 MB.
        at_once = min(config.workers, max(usable_cores(), 2))
        self._places = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, "geoparquet")

    async def open(self) -> None:
        """Do nothing: files are opened when their turn comes."""

    async def units(self) -> AsyncIterator[RowGroups]:
        """List files or row groups, in order."""
        async for whole in self._files():
            if whole.schema is not None:
                for document in collections_of(whole.schema).values():
                    self._summary.keep_collection(document)
            if self._wanted is not None:
                whole = await asyncio.to_thread(self._pruned, whole)  # noqa: PLW2901 - the rest of it
            if self._inline or not whole.numbers:
                yield whole
                continue
            for number in whole.numbers:
                yield whole._replace(numbers=[number])

    async def _files(self) -> AsyncGenerator[RowGroups]:
        """Look at each file."""
        for path in self._paths:
            whole = row_groups(path)
            if self._root is not None:
                name = str(path.relative_to(self._root))
                whole = whole._replace(name=name, keys=keys_of_items(name, whole.schema))
            yield whole

    async def read(self, unit: RowGroups) -> AsyncGenerator[Batch]:
        """Read row groups, batch by batch.

        Raises:
            DataProcessingError: the store that a file is in can't be asked.

        """
        if unit.decoder is None or unit.metadata is None:
            yield [Payload(None, unit.called, unit.error)]
            return
        for remark in unit.decoder.remarks:
            self._summary.note(remark)
        batches = _batches(unit, unit.metadata)
        reads = batches if unit.rows is None else gathered(batches)
        async with self._places:
            try:
                async with aclosing(self._read_ahead(reads)) as found:
                    async for number, rows, error, filtered, size, _ in found:
                        self._summary.bytes_read += size
                        self._summary.filtered += filtered
                        if rows is None and error is None:
                            continue
                        origin = unit.called if error is None else f"{unit.called}[{number}]"
                        yield [Payload(Decodable(unit.decoder, rows, unit.keys), origin, error)]
                        await asyncio.sleep(0)
            finally:
                batches.close()

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Make items of rows; a row that is none is rejected, and the others come."""
        for data, origin, error in batch:
            if error is not None:
                reject(origin, error)
            else:
                yield from self._items(data, origin, reject)

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Sequence[Rows] | None:
        """Return the rows of a batch as they came, where each is known to be an item."""
        made: list[Rows] = []
        for data, _, error in batch:
            if error is not None or data.keys:
                return None
            if as_lines:
                lines = table_lines(data.rows, data.decoder)
                if lines is None:
                    return None
                made += lines
                continue
            rows = table_rows(data.rows, data.decoder)
            if rows is None:
                return None
            made.append(rows)
        return made

    async def close(self) -> None:
        """End, once no thread reads any more."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        if self._left_out:
            self._summary.note(
                f"skipped {self._left_out:,} of {counted(self._looked_at, 'row group')}: their statistics show that no "
                "item in them is asked for"
            )

    def _pruned(self, whole: RowGroups) -> RowGroups:
        """Leave out the row groups of a file whose statistics show that nothing in them is wanted."""
        may_match = whole.may_match(self._wanted)
        numbers = [number for number in whole.numbers if may_match(number)]
        others = set(whole.numbers).difference(numbers)
        self._looked_at += len(whole.numbers)
        self._left_out += len(others)
        if whole.metadata is not None:
            self._summary.filtered += sum(whole.metadata.row_group(number).num_rows for number in others)
        return self._filtered(whole._replace(numbers=numbers))

    def _filtered(self, some: RowGroups) -> RowGroups:
        """Have the rows of row groups filtered when they are read."""
        if self._wanted is None or some.schema is None or some.keys:
            return some  # what the folders say of rows isn't known before they are items
        return some._replace(rows=RowFilter(self._wanted, some.schema))

    def _items(self, data: Decodable, origin: str, reject: Reject) -> Iterator[Item]:
        try:
            items = data.decoder.items(data.rows, origin, reject, self._summary.changes)
            return (fill(item, data.keys) for item in items) if data.keys else items
        except (*UNREADABLE, RecursionError) as error:
            reject(origin, DataProcessingError(f"{origin}: {counted(len(data.rows), 'row')} can't be read: {error}"))
            return iter(())

    async def _read_ahead(self, batches: Iterator[Read]) -> AsyncGenerator[Read]:
        """Yield batches, with the next one on its way while one is used."""
        if not self._ahead:
            for read in batches:
                yield read
            return
        coming = self._next(batches)
        try:
            while (found := await _ended(coming)) is not None:
                coming = self._next(batches)
                yield found
        finally:
            # What it works on must not be closed before it has ended; its error, if any, is for nobody any more.
            await asyncio.wait([coming])
            coming.exception()

    def _next(self, batches: Iterator[Read]) -> asyncio.Future[Read | None]:
        return asyncio.get_running_loop().run_in_executor(self._threads, next, batches, None)


def geoparquet_source(where: Where, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    """Make the source of one file, or of all files of a folder and of those in it, in the order of their names.

    Raises:
        ConfigurationError: the folder holds JSON as well, and nothing says which is meant; or it is a table's whose
            format says which rows count.
        DataProcessingError: there are none in the folder.

    """
    path = Path(where.source)
    if not path.is_dir():
        return GeoParquetSource([path], config, summary)
    from stac_ingest.sources.folder import files_in  # noqa: PLC0415 - only folders need it

    found = files_in(path, config.format, summary)
    if not found.tables and not found.refused and not _is_synced(path):
        raise DataProcessingError(f"No Parquet files found in {path}, or in the folders in it")
    source = GeoParquetSource([path / name for name in found.tables], config, summary, path)
    return CombinedSource([source, RefusedFiles(found.refused)]) if found.refused else source


def _is_synced(folder: Path) -> bool:
    from stac_ingest.sources.synced import is_synced  # noqa: PLC0415 - only folders without a table need it

    return is_synced(folder)


async def _ended(future: asyncio.Future[Read | None]) -> Read | None:
    """Wait for what a thread does, which goes on doing it when the wait is cancelled."""
    await asyncio.wait([future])
    return future.result()


def row_groups(path: Path, filesystem: pafs.FileSystem | None = None, stored: StoredTable | None = None) -> RowGroups:
    """Look at a file and give all of its row groups; or none of them, with the error why.

    Raises:
        DataProcessingError: the store that it is in can't be asked.

    """
    try:
        # Opening a FIFO would wait for somebody to write to it.
        if filesystem is None and stored is None and path.exists() and not path.is_file():
            raise OSError("not a regular file")
        if stored is None and not is_encodable(str(path)):
            return RowGroups(path, range(0), None, None, DataProcessingError(f"{path}: {_UNNAMED}"))
        with pq.ParquetFile(stored.open() if stored else str(path), filesystem=filesystem) as file:
            metadata, schema = file.metadata, schema_of_file(file)
            decoder = Decoder(schema, marked_geometries(file.schema, schema.names))
    except UNREADABLE as error:
        if stored is not None and (failure := stored.failure()) is not None:
            return RowGroups(path, range(0), None, None, failure)
        return RowGroups(path, range(0), None, None, DataProcessingError(f"{path}: not a Parquet file: {error}"))
    if decoder.problem is not None:
        return RowGroups(path, range(0), None, None, DataProcessingError(f"{path}: {decoder.problem}"))
    numbers = range(metadata.num_row_groups)
    return RowGroups(path, numbers, metadata, decoder, filesystem=filesystem, stored=stored, schema=schema)


def _batches(unit: RowGroups, metadata: pq.FileMetaData) -> Generator[Read]:
    """Read row groups in bounded batches; what is wrong with one doesn't keep the others from being read."""
    table = None if unit.stored is None else unit.stored.another()
    on_disk = table is None and unit.filesystem is None

    def open_file(dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
        # Without `pre_buffer`, and with a buffer, column chunks are not held whole while they are decoded.
        return pq.ParquetFile(
            table.open() if table else str(unit.path),
            metadata=metadata,
            read_dictionary=list(dictionaries),
            # JSON would come as itself, not as a dictionary of texts.
            arrow_extensions_enabled=not dictionaries,
            pre_buffer=False,
            buffer_size=READ_BUFFER,
            filesystem=unit.filesystem,
        )

    for number in unit.numbers:
        try:
            size = 0
            group = metadata.row_group(number)
            if table:
                check_columns(metadata, number)
                table.forget()
            if unit.rows is not None and unit.rows.leaves:
                check_columns(metadata, number)
                if table:
                    table.expect(_spans(group, unit.rows.leaves))
                size = _compressed_size(group, unit.rows.leaves)
                if not _any_wanted(open_file, number, unit.rows):
                    yield Read(number, None, filtered=group.num_rows, size=size)
                    continue
            if table:
                table.expect(_spans(group))
            rows = batch_rows(open_file, metadata, number, unit.path if on_disk else None)
            size += _compressed_size(group)
            with open_file() as file:
                for batch in file.iter_batches(batch_size=rows, row_groups=[number], use_threads=False):
                    kept = batch if unit.rows is None else unit.rows.kept(batch)
                    left_out = len(batch) - len(kept)
                    yield Read(number, kept if len(kept) else None, filtered=left_out, size=size, most=rows)
                    size = 0
        except (*UNREADABLE, DataProcessingError) as error:
            failure = table.failure() if table else None
            yield Read(number, None, failure or DataProcessingError(f"{unit.path}: row group {number}: {error}"))


def _any_wanted(open_file: Open, number: int, rows: RowFilter) -> bool:
    """Look at the columns alone that tell which rows are wanted: they are little against all of them."""
    with open_file(()) as file:
        few = file.iter_batches(ROWS, row_groups=[number], columns=rows.leaves, use_threads=False)
        return any(rows.may_match(batch) for batch in few)


def _spans(group: pq.RowGroupMetaData, paths: Sequence[str] | None = None) -> Iterator[tuple[int, int]]:
    """Yield where in the file the columns of a row group are; what a file says of itself may be anything."""
    for number in range(group.num_columns):
        chunk = group.column(number)
        if paths is None or chunk.path_in_schema in paths:
            pages = (chunk.dictionary_page_offset, chunk.data_page_offset)
            start = min(page for page in pages if page is not None)
            yield start, start + chunk.total_compressed_size


def _compressed_size(group: pq.RowGroupMetaData, paths: Sequence[str] | None = None) -> int:
    chunks = [group.column(number) for number in range(group.num_columns)]
    return sum(chunk.total_compressed_size for chunk in chunks if paths is None or chunk.path_in_schema in paths)
