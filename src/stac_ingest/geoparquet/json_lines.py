"""Rows of a table to lines of JSON, of which nobody has made objects.

The decoder says what an item is made of, as a template; what columns hold becomes text, column by column; and Arrow
puts the pieces together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import pyarrow as pa

from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.geometry_encodings import storage_of
from stac_ingest.geoparquet.geometry_texts import add_geometries
from stac_ingest.geoparquet.text_columns import TextColumns
from stac_ingest.geoparquet.text_pool import NotPlainError, PiecedRows


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Rows that become lines of JSON when they are asked for."""

    pieced: PiecedRows
    start: int
    stop: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.stop - self.start

    def lines(self) -> list[memoryview]:
        """Put the rows together, each a line without its end: views of one buffer."""
        # Not copies: to ask the system for memory for 20 MB of lines takes as long as to put them together.
        texts = self.pieced.texts(self.start, self.stop)
        data, ends = memoryview(texts.data).cast("B"), texts.ends.tolist()
        return [data[begin:end] for begin, end in pairwise(ends)]

    def take(self, rows: Sequence[int]) -> JsonLines:
        """Give these rows alone."""
        return JsonLines(self.pieced.take([self.start + row for row in rows]), 0, len(rows))

    def parts(self, rows: int) -> list[JsonLines]:
        """Cut them into parts of at most so many rows: their text is many times as large as what it is made of."""
        bounds = [*range(self.start, self.stop, rows), self.stop]
        return [JsonLines(self.pieced, start, stop) for start, stop in pairwise(bounds)]


def json_lines(batch: pa.RecordBatch, decoder: Decoder) -> JsonLines | None:
    """Write each row as the JSON that orjson makes of what the decoder makes of it.

    Args:
        batch: of the decoder's schema.
        decoder: knows what the columns are.

    Returns:
        A line for each row. None where the batch isn't known to come out the same: it has no rows, a row is no item, a
        value comes otherwise than it is stored, or properties are in a column of their own.

    """
    if not len(batch) or decoder.layout is None or decoder.layout.nested is not None or not _has_ids(batch):
        return None
    columns = TextColumns(len(batch))
    try:
        template, bad = decoder.template(batch, columns, partial(add_geometries, columns))
        if bad or columns.broken:
            return None
        return JsonLines(columns.pieced(template), 0, len(batch))
    except (NotPlainError, pa.ArrowException, ValueError, OverflowError, RecursionError):
        return None


def _has_ids(batch: pa.RecordBatch) -> bool:
    """Tell whether each row has an id that is text."""
    column = batch.column("id")
    kind, types = storage_of(column.type), pa.types
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)) or column.null_count:
        return False
    return not (isinstance(column, pa.DictionaryArray) and column.dictionary.null_count)
