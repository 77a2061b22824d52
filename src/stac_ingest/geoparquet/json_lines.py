"""Rows of a table to lines of JSON, of which nobody has made objects.

The decoder says what an item is made of, as a template; what columns hold becomes text, column by column; and Arrow
puts the pieces together.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pyarrow as pa

from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.geometry_columns import storage_of
from stac_ingest.geoparquet.geometry_texts import add_geometries
from stac_ingest.geoparquet.text_columns import TextColumns
from stac_ingest.geoparquet.text_pool import NotPlainError


def json_lines(batch: pa.RecordBatch, decoder: Decoder) -> list[memoryview] | None:
    """Write each row as the JSON that orjson makes of what the decoder makes of it.

    Args:
        batch: of the decoder's schema.
        decoder: knows what the columns are.

    Returns:
        A line for each row, without its end. None where the batch isn't known to come out the same: a row is no item,
        a value comes otherwise than it is stored, or properties are in a column of their own.

    """
    if not len(batch):
        return []
    if decoder.layout is None or decoder.layout.nested is not None or not _has_ids(batch):
        return None
    columns = TextColumns(len(batch))
    try:
        template, bad = decoder.template(batch, columns, partial(add_geometries, columns))
        if bad or columns.broken:
            return None
        texts = columns.texts(template)
    except (NotPlainError, pa.ArrowException, ValueError, OverflowError, RecursionError):
        return None
    # Views, not copies: to ask the system for memory for 20 MB of lines takes as long as to put them together.
    data, ends = memoryview(texts.data).cast("B"), texts.ends.tolist()
    return [data[begin:end] for begin, end in pairwise(ends)]


def _has_ids(batch: pa.RecordBatch) -> bool:
    """Tell whether each row has an id that is text."""
    column = batch.column("id")
    kind, types = storage_of(column.type), pa.types
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)) or column.null_count:
        return False
    return not (isinstance(column, pa.DictionaryArray) and column.dictionary.null_count)
