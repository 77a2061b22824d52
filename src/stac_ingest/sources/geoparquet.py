"""STAC-GeoParquet files; and any other Parquet file, whose rows are yielded as they are."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.config import IngestConfig
from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.decode import Decoder, Rows
from stac_ingest.geoparquet.turns import ShortTurns
from stac_ingest.sources.base import Batch, Item, Payload, Reject
from stac_ingest.summary import IngestSummary

ROWS = 2_000
"""Rows decoded at once, at most: each batch costs some 500 calls into Arrow, however few rows it has."""

BATCH_BYTES = 32 << 20
"""Bytes of columns decoded at once, about: large rows are taken in smaller numbers."""


READ_BUFFER = 64 << 10
"""Bytes read from a column chunk at once."""


class RowGroup(NamedTuple):
    """One row group of one file, or the file itself where it can't be opened."""

    path: Path
    number: int
    metadata: pq.FileMetaData | None
    decoder: Decoder | None
    error: Exception | None = None


class Decodable(NamedTuple):
    """What a payload carries: rows, and what makes items of them."""

    decoder: Decoder
    rows: Rows


class GeoParquetSource:
    """The rows of one or more Parquet files; a row group is a unit of work, read a bounded number of rows at a time.

    One unit at a time is read in the consumer's own thread. Several are read by as many threads: what Arrow does there
    needs no interpreter lock, and overlaps with making objects in the consumer.
    """

    def __init__(self, paths: Sequence[Path], config: IngestConfig, summary: IngestSummary) -> None:
        self._paths = paths
        self._summary = summary
        self._inline = config.concurrency == 1
        self._threads = ThreadPoolExecutor(config.concurrency, "geoparquet")
        self._turns = ShortTurns()
        # More at once than there are cores would be no faster, and each holds a reader of some 100 MB.
        self._places = asyncio.Semaphore(min(config.concurrency, max(os.cpu_count() or 1, 2)))

    async def open(self) -> None:
        """Make threads take turns quickly, when there are to be some; files are opened when their turn comes."""
        if not self._inline:
            self._turns.begin()

    async def units(self) -> AsyncIterator[RowGroup]:
        """List the row groups of each file, in order."""
        for path in self._paths:
            for unit in _row_groups(path):
                yield unit

    async def read(self, unit: RowGroup) -> AsyncIterator[Batch]:
        """Read a row group, batch by batch."""
        if unit.decoder is None:
            yield [Payload(None, unit.path.name, unit.error)]
            return
        async with self._places:
            payloads = self._payloads(unit, unit.decoder)
            first = True
            while (payload := await self._next(payloads)) is not None:
                if first and unit.metadata is not None and payload.error is None:
                    self._summary.bytes_read += _compressed_size(unit.metadata.row_group(unit.number))
                first = False
                yield [payload]

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Make items of rows; a row that is none is rejected, and the others come."""
        for data, origin, error in batch:
            if error is not None:
                reject(origin, error)
            else:
                yield from data.decoder.items(data.rows, origin, reject)

    async def close(self) -> None:
        """End, once no thread reads any more."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._turns.end()

    async def _next(self, payloads: Iterator[Payload]) -> Payload | None:
        if self._inline:
            await asyncio.sleep(0)
            return next(payloads, None)
        return await asyncio.get_running_loop().run_in_executor(self._threads, next, payloads, None)

    def _payloads(self, unit: RowGroup, decoder: Decoder) -> Iterator[Payload]:
        try:
            # Without `pre_buffer`, and with a buffer, column chunks are not held whole while they are decoded.
            with pq.ParquetFile(unit.path, metadata=unit.metadata, pre_buffer=False, buffer_size=READ_BUFFER) as file:
                rows = _rows_at_once(file.metadata.row_group(unit.number))
                for batch in file.iter_batches(batch_size=rows, row_groups=[unit.number], use_threads=False):
                    for part in decoder.read(batch):
                        yield Payload(Decodable(decoder, part), unit.path.name)
        except (OSError, pa.ArrowException) as error:
            origin = f"{unit.path.name}[{unit.number}]"
            yield Payload(None, origin, DataProcessingError(f"{unit.path}: row group {unit.number}: {error}"))


def _row_groups(path: Path) -> list[RowGroup]:
    try:
        with pq.ParquetFile(path) as file:
            metadata, decoder = file.metadata, Decoder(file.schema_arrow)
    except (OSError, pa.ArrowException) as error:
        return [RowGroup(path, 0, None, None, DataProcessingError(f"{path}: not a Parquet file: {error}"))]
    return [RowGroup(path, number, metadata, decoder) for number in range(metadata.num_row_groups)]


def _rows_at_once(group: pq.RowGroupMetaData) -> int:
    row_bytes = int(group.total_byte_size) // max(int(group.num_rows), 1)  # as the file says, which may be anything
    return max(1, min(ROWS, BATCH_BYTES // max(row_bytes, 1)))


def _compressed_size(group: pq.RowGroupMetaData) -> int:
    sizes: list[int] = [group.column(number).total_compressed_size for number in range(group.num_columns)]
    return sum(sizes)
