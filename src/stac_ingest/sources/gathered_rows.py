"""Rows of a table that a filter has left, put together: a batch costs much to decode, however few rows it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from stac_ingest.geoparquet.batch_size import BATCH_BYTES


class Read(NamedTuple):
    """Rows as they come from a row group, or why no more come from it."""

    number: int
    rows: pa.RecordBatch | None
    error: Exception | None = None
    filtered: int = 0
    """Rows that were left out beside these."""
    size: int = 0
    """Bytes of the file that were read for the first of them, as they are in the file."""
    most: int = 0
    """Rows that may be decoded at once."""


def gathered(reads: Iterable[Read]) -> Iterator[Read]:
    """Put together what was left of batches, as far as it may be decoded at once; all else comes as it is.

    What was read and left out is told as soon as it is known, so that a run which finds little shows that it goes on.
    """
    few: list[pa.RecordBatch] = []
    count = size = 0
    number = most = 0
    for read in reads:
        rows = read.rows
        if rows is None and read.error is None:
            yield read
            continue
        joins = rows is not None and read.filtered > 0
        if few and not (joins and _fits(rows, few[0], count, min(most, read.most)) and size <= BATCH_BYTES):
            yield Read(number, pa.concat_batches(few))
            few, count, size = [], 0, 0
        if rows is None or not joins:
            yield read
            continue
        number, most = read.number, min(most, read.most) if few else read.most
        few.append(rows)
        count, size = count + len(rows), size + rows.nbytes
        yield read._replace(rows=None)
    if few:
        yield Read(number, pa.concat_batches(few))


def _fits(rows: pa.RecordBatch, first: pa.RecordBatch, count: int, most: int) -> bool:
    return bool(rows.schema == first.schema) and count + len(rows) <= most
