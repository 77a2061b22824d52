"""How large the first page of a column is, as its own header says: what a dictionary takes, whatever the footer says.

Headers are Thrift structures in the compact protocol, of which the first two fields are the page's type and its size
uncompressed (https://github.com/apache/parquet-format, `PageHeader`). Decompressing holds a page to that size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow.parquet as pq

HEAD = 16
"""Bytes that hold both fields."""
FIELD = 0x15
"""A field of 32 bits whose number is one more than that of the field before."""
MORE = 0x80
"""Set in each byte of a number but the last."""


def first_page_size(file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> int | None:
    """Give the uncompressed size of a column's first page, in bytes; None where there is no header to be read."""
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    try:
        file.seek(start)
        fields = iter(file.read(HEAD))
        _number(fields)
        size = _number(fields)
    except (OSError, ValueError, OverflowError, StopIteration):
        return None
    return size if size >= 0 else None


def _number(fields: Iterator[int]) -> int:
    """Read one field.

    Raises:
        ValueError: it is none of 32 bits.
        StopIteration: it ends too early.

    """
    if next(fields) != FIELD:
        raise ValueError("not a field of 32 bits")
    value = shift = 0
    while True:
        byte = next(fields)
        value |= (byte & ~MORE) << shift
        shift += 7
        if not byte & MORE:
            return (value >> 1) ^ -(value & 1)
