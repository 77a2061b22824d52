"""The rows of a table that a library reads, batch by batch, as items."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import aclosing

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Batch, Payload
from stac_ingest.errors import DataProcessingError
from stac_ingest.filters.rows import RowFilter
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.lakes.opened import OpenTable, opened
from stac_ingest.sources.gathered_rows import Read
from stac_ingest.sources.geoparquet import Decodable, GeoParquetSource
from stac_ingest.summary import IngestSummary


class TableSource(GeoParquetSource):
    """The rows of one table. While the consumer makes items of a batch, a thread has the library read the next one."""

    def __init__(self, open_table: Callable[[], OpenTable], config: IngestConfig, summary: IngestSummary) -> None:
        """Read a table.

        Args:
            open_table: opens it, in a thread. What it raises says that the table as a whole can't be read.
            config: the settings.
            summary: takes the counts.

        """
        super().__init__([], config, summary)
        self._open_table = open_table
        self._table: OpenTable | None = None

    async def open(self) -> None:
        """Open the table, at the version that is the newest now.

        Raises:
            ConfigurationError: it can't be read by what is installed.
            DataProcessingError: it can't be read.

        """
        self._table = table = await asyncio.to_thread(opened, self._open_table)
        for note in table.notes:
            self._summary.note(note)

    async def units(self) -> AsyncIterator[OpenTable]:  # type: ignore[override]
        """Give the table: it is read in one."""
        assert self._table is not None, "open comes first"
        yield self._table

    async def read(self, unit: OpenTable) -> AsyncGenerator[Batch]:  # type: ignore[override]
        """Read the rows, batch by batch."""
        schema = unit.described()
        decoder = Decoder(schema)
        if decoder.problem is not None:
            yield [Payload(None, unit.name, DataProcessingError(f"{unit.name}: {decoder.problem}"))]
            return
        for remark in decoder.remarks:
            self._summary.note(remark)
        batches = _reads(unit, None if self._wanted is None else RowFilter(self._wanted, schema))
        try:
            async with aclosing(self._read_ahead(batches)) as found:
                async for _, rows, error, filtered, _, _ in found:
                    self._summary.filtered += filtered
                    if rows is not None or error is not None:
                        yield [Payload(Decodable(decoder, rows), unit.name, error)]
                        await asyncio.sleep(0)
        finally:
            batches.close()

    async def close(self) -> None:
        """End, once the library reads no more."""
        if self._table is not None and self._table.interrupt is not None:
            self._table.interrupt()
        await super().close()


def _reads(table: OpenTable, wanted: RowFilter | None) -> Generator[Read]:
    """Read the rows, and leave out those that nothing wanted can be made of."""
    try:
        for rows in table.bounded():
            kept = rows if wanted is None else wanted.kept(rows)
            yield Read(0, kept if len(kept) else None, filtered=len(rows) - len(kept))
    except DataProcessingError as error:
        yield Read(0, None, error)
