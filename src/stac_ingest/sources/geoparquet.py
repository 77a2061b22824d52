"""STAC-GeoParquet files; and any other Parquet file, whose rows are yielded as they are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.config import IngestConfig
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.geoparquet.decode import Decoder
from stac_ingest.sources.base import Batch, Item, Payload, Reject
from stac_ingest.summary import IngestSummary

ROWS = 2_000
"""Rows that are decoded at once: about 10 MB of JSON, and the most that a unit holds in memory."""


class RowGroup(NamedTuple):
    """One row group of one file, or the file itself where it can't be opened."""

    path: Path
    number: int
    metadata: pq.FileMetaData | None
    decoder: Decoder | None
    error: Exception | None = None


class GeoParquetSource:
    """The rows of one or more Parquet files; a row group is a unit of work.

    The native part (reading, writing JSON) runs in a thread, so that the event loop is free and, with several units at
    once, overlaps with making objects in the consumer.
    """

    def __init__(self, paths: Sequence[Path], config: IngestConfig, summary: IngestSummary) -> None:
        del config  # nothing there changes how Parquet is read; sources are all made alike
        self._paths = paths
        self._summary = summary
        self._connection = duckdb.connect(config={"threads": 1})  # units are what runs in parallel
        self._lock = threading.Lock()

    async def open(self) -> None:
        """Nothing to prepare: each file is opened when its turn comes."""

    async def units(self) -> AsyncIterator[RowGroup]:
        """List the row groups of each file, in order."""
        for path in self._paths:
            for unit in await asyncio.to_thread(_row_groups, path):
                yield unit

    async def read(self, unit: RowGroup) -> AsyncIterator[Batch]:
        """Read a row group, a bounded number of rows at a time."""
        if unit.error is not None:
            yield [Payload((None, None), unit.path.name, unit.error)]
            return
        batches = self._native(unit)
        while (payload := await asyncio.to_thread(next, batches, None)) is not None:
            yield [payload]

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Make items of rows; a row with a broken geometry is rejected under its id."""
        for (decoder, rows), origin, error in batch:
            if error is not None:
                reject(origin, error)
                continue
            bad = set(rows.bad)
            for number, item in enumerate(decoder.items(rows)):
                if number in bad:
                    reject(f"{origin}: {item.get('id')}", ItemError("its geometry is not Well-Known Binary"))
                elif decoder.is_stac and not isinstance(item.get("id"), str):
                    reject(origin, ItemError(f"row without an id that is text: {item.get('id')!r:.40}"))
                else:
                    yield item

    async def close(self) -> None:
        """Close the database connection, which holds no data."""
        self._connection.close()

    def _native(self, unit: RowGroup) -> Iterator[Payload]:
        try:
            with pq.ParquetFile(unit.path, metadata=unit.metadata) as file:
                group = file.metadata.row_group(unit.number)
                self._count(sum(group.column(column).total_compressed_size for column in range(group.num_columns)))
                for batch in file.iter_batches(batch_size=ROWS, row_groups=[unit.number]):
                    yield Payload((unit.decoder, unit.decoder.read(batch, self._connection)), unit.path.name)
        except (OSError, pa.ArrowException, duckdb.Error) as error:
            problem = DataProcessingError(f"{unit.path}: row group {unit.number}: {error}")
            yield Payload((None, None), f"{unit.path.name}[{unit.number}]", problem)

    def _count(self, size: int) -> None:
        with self._lock:
            self._summary.bytes_read += size


def _row_groups(path: Path) -> list[RowGroup]:
    try:
        with pq.ParquetFile(path) as file:
            decoder = Decoder(file.schema_arrow)
            return [RowGroup(path, number, file.metadata, decoder) for number in range(file.metadata.num_row_groups)]
    except (OSError, pa.ArrowException) as error:
        return [RowGroup(path, 0, None, None, DataProcessingError(f"{path}: not a Parquet file: {error}"))]
