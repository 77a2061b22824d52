"""A table as it was at one moment: its rows, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pyarrow as pa

from stac_ingest.core.model import Item
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError, IngestError
from stac_ingest.geoparquet.batch_size import BATCH_BYTES, ROWS
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.stored_types import described_batch, described_schema


class OpenTable(NamedTuple):
    """A table, whatever others write to it meanwhile."""

    name: str
    """What it is called in failures."""
    schema: pa.Schema
    """Of its rows."""
    batches: Callable[[], Iterator[pa.RecordBatch]]
    """Begins to read its rows."""
    rows: int | None
    """How many there are, as the table counts them; None where it doesn't."""
    notes: list[str]
    """What there is to say of it, such as its version."""
    description: str | None = None
    """What our writer has said of the columns, where it made the table."""
    interrupt: Callable[[], None] | None = None
    """Ends a read that is under way, so that nobody waits for its rows."""

    def described(self) -> pa.Schema:
        """Give the schema of what `bounded` yields."""
        return described_schema(self.schema, self.description)

    def bounded(self) -> Iterator[pa.RecordBatch]:
        """Read the rows in bounded batches, and at the end compare their number with the table's own.

        Raises:
            DataProcessingError: the table can't be read, or has another number of rows.

        """
        count, schema = 0, self.described()
        try:
            for batch in self.batches():
                for piece in _pieces(batch):
                    count += len(piece)
                    yield described_batch(piece, schema)
        except Exception as error:  # a library's own errors have no class in common
            words = f"the table can't be read after {counted(count, 'row')}: {in_words(error)}"
            raise DataProcessingError(f"{self.name}: {words}") from error
        if self.rows is not None and self.rows != count:
            raise DataProcessingError(f"{self.name}: {count:,} of {counted(self.rows, 'current row')} were read")

    def items(self) -> Iterator[Item]:
        """Yield the items; a row that is no item is left out.

        Raises:
            DataProcessingError: as `bounded` does.

        """
        decoder = Decoder(self.described())
        for rows in self.bounded():
            yield from decoder.items(rows, self.name, lambda *_: None)


def opened(open_table: Callable[[], OpenTable]) -> OpenTable:
    """Open a table.

    Raises:
        ConfigurationError: as `open_table` does.
        DataProcessingError: it can't be read, in the words of its library.

    """
    try:
        return open_table()
    except IngestError:
        raise
    except Exception as error:  # a library's own errors have no class in common
        raise DataProcessingError(f"the table can't be read: {in_words(error)}") from error


def in_words(error: Exception) -> str:
    """Give a library's error in one line, with its kind where it says nothing."""
    return " ".join(str(error).split())[:500] or type(error).__name__


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into as many rows as are decoded at once."""
    size = max(1, batch.nbytes // max(len(batch), 1))
    rows = max(1, min(ROWS, BATCH_BYTES // size))
    for start in range(0, len(batch), rows):
        yield batch.slice(start, rows)
