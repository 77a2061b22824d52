"""How many rows are read at once: what they take is bounded, however little they take in the file.

A value that many rows share stands in the file once, and only its dictionary tells how long it is. The sizes in a
file's metadata are those of its encoded pages, and what an untrusted file says. Where dictionaries are much against the
rows, looking at all of them would take a third of the time of reading; then only those are looked at that are large or
strikingly well compressed, as one long value among few bytes is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.metadata_check import check_columns
from stac_ingest.geoparquet.page_headers import first_page_size

ROWS = 1_000
"""Rows decoded at once, about: a batch costs some 2,000 calls, however few rows it has, and memory by its rows."""

BATCH_BYTES = 32 << 20
"""Bytes of columns decoded at once, about, by their size in the file: large rows are taken in smaller numbers."""

SHARED_BYTES = 128 << 20
"""Bytes of text decoded at once, at most, if each row had the longest value of every column."""

LIST_BYTES = 1 << 30
"""Bytes of text in the lists of one column in rows decoded at once, at most: a single row can have them all."""

VALUES = 1 << 27
"""Values of one column in a row group, at most: a single row can have them all."""

AT_ONCE = 16
"""Columns whose dictionaries are read at once."""

DICTIONARY_BYTES = 1 << 20
"""Bytes that a column's dictionary has as a rule, at most: then writers begin to write values out."""

INSPECTED_BYTES = 4 << 20
"""Bytes of dictionaries that are looked at in any row group."""

ROW_BYTES = 1 << 10
"""Bytes of dictionaries a row for which looking at them all is little against reading the rows."""

COMPRESSED = 32
"""Times that a column of text is compressed at most, as a rule."""

PREFIXED = "DELTA_BYTE_ARRAY"
"""The encoding that says of a value how much of the one before it it begins with: it has no dictionary."""

Open = Callable[[Sequence[str]], pq.ParquetFile]
"""Opens a file; with the columns of these paths as dictionaries, if there are any, and then without extension types."""

Chunk = tuple[pq.ColumnChunkMetaData, pq.ColumnSchema]
"""A column in one row group, and in the schema."""


class Text(NamedTuple):
    """A column of text, and how long its longest value is, in bytes."""

    path: str
    values: int
    is_list: bool
    longest: int


def batch_rows(open_file: Open, metadata: pq.FileMetaData, number: int, path: Path | None = None) -> int:
    """Give the number of rows to decode at once, so that a row group falls into batches of similar size.

    Args:
        open_file: opens the file.
        metadata: the file's.
        number: of the row group.
        path: of the file, where it is on this machine; then few rows of small pages are quickly known to fit.

    Raises:
        DataProcessingError: so much is in lists that one row can be too large, or the metadata contradict themselves.
        ArrowException, OSError, ValueError: the row group can't be read.

    """
    check_columns(metadata, number)
    group = metadata.row_group(number)
    rows = max(int(group.num_rows), 1)  # as the file says, which may be anything
    fits = path is not None and _fits_limit(path, group)
    texts = [] if fits else list(_texts(open_file, number, group, metadata.schema))
    longest = sum(text.longest * (math.ceil(text.values / rows) if text.is_list else 1) for text in texts)
    encoded = int(group.total_byte_size) // rows
    max_rows = max(1, min(ROWS, BATCH_BYTES // max(encoded, 1), SHARED_BYTES // max(longest, 1)))
    for text in texts:
        if text.is_list and text.longest * text.values > SHARED_BYTES:
            _check_lists(open_file, number, text, max_rows)
    return math.ceil(rows / max(1, round(rows / max_rows)))


def _fits_limit(path: Path, group: pq.RowGroupMetaData) -> bool:
    """Tell whether the row group is small, even if each value were as long as the first page of its column."""
    chunks = [group.column(index) for index in range(group.num_columns)]
    total = 0
    with path.open("rb", buffering=0) as file:
        for chunk in chunks:
            size = first_page_size(file, chunk) if PREFIXED not in chunk.encodings else None
            if size is None:
                return False
            total += size * max(int(chunk.num_values), int(group.num_rows), 1)
            if total > SHARED_BYTES:
                return False
    return True


def _texts(open_file: Open, number: int, group: pq.RowGroupMetaData, schema: pq.ParquetSchema) -> Iterator[Text]:
    """Measure the columns of text. With the first row of a column its whole dictionary is read."""
    chunks = [(group.column(index), schema.column(index)) for index in range(group.num_columns)]
    for chunk, column in chunks:
        if chunk.num_values > VALUES:
            words = f"column {column.path!r} has {chunk.num_values:,} values, expected at most {VALUES:,}"
            raise DataProcessingError(words)
    chunks = [(chunk, column) for chunk, column in chunks if chunk.physical_type == "BYTE_ARRAY"]
    chunks = _columns_to_inspect(chunks, int(group.num_rows))
    paths = [column.path for chunk, column in chunks if PREFIXED not in chunk.encodings]
    lengths = _longest_values(open_file, number, paths)
    for chunk, column in chunks:
        # Where there is no dictionary to ask, a value is no longer than all that the file has of its column.
        longest = lengths.get(column.path, chunk.total_uncompressed_size)
        yield Text(column.path, chunk.num_values, column.max_repetition_level > 0, longest)


def _columns_to_inspect(chunks: list[Chunk], rows: int) -> list[Chunk]:
    """Give the columns of text whose dictionaries have to be read."""
    dictionaries = sum(min(chunk.total_uncompressed_size, DICTIONARY_BYTES) for chunk, _ in chunks)
    if dictionaries <= max(INSPECTED_BYTES, rows * ROW_BYTES):
        return chunks
    return [(chunk, column) for chunk, column in chunks if _is_suspicious(chunk)]


def _is_suspicious(chunk: pq.ColumnChunkMetaData) -> bool:
    size = chunk.total_uncompressed_size
    return bool(
        size > DICTIONARY_BYTES or size > COMPRESSED * chunk.total_compressed_size or PREFIXED in chunk.encodings
    )


def _longest_values(open_file: Open, number: int, paths: Sequence[str]) -> dict[str, int]:
    """Give the length of the longest value in the dictionary of each column; of none where they can't be read."""
    if not paths:
        return {}
    try:
        with open_file(paths) as file:
            lengths = [length for some in _in_parts(paths) for length in _lengths(file, number, some)]
    except (OSError, pa.ArrowException):
        return {}
    return dict(zip(paths, lengths, strict=True)) if len(lengths) == len(paths) else {}


def _in_parts(paths: Sequence[str]) -> Iterator[list[str]]:
    # Their dictionaries together would take more memory than the rows.
    return (list(paths[start : start + AT_ONCE]) for start in range(0, len(paths), AT_ONCE))


def _lengths(file: pq.ParquetFile, number: int, paths: list[str]) -> Iterator[int]:
    row = next(file.iter_batches(1, row_groups=[number], columns=paths, use_threads=False), None)
    return (_longest(leaf.dictionary) for column in row or () for leaf in _dictionaries(column))


def _longest(values: pa.Array) -> int:
    return int(pc.max(pc.binary_length(values)).as_py() or 0)


def _check_lists(open_file: Open, number: int, text: Text, rows: int) -> None:
    """Count the values in a column's lists, rows by rows, while each is no more than a number."""
    with open_file([text.path]) as file:
        for batch in file.iter_batches(rows, row_groups=[number], columns=[text.path], use_threads=False):
            values = sum(len(leaf) for column in batch for leaf in _dictionaries(column))
            if values * text.longest > LIST_BYTES:
                words = f"lists of column {text.path!r} have {values:,} values of up to {text.longest:,} bytes"
                raise DataProcessingError(f"{words} to read at once, expected at most {LIST_BYTES:,} bytes in all")


def _dictionaries(array: pa.Array) -> Iterator[pa.DictionaryArray]:
    """Find what was read as a dictionary, however deep it is."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        yield array
    elif pa.types.is_struct(kind):
        for member in array.flatten():
            yield from _dictionaries(member)
    elif pa.types.is_map(kind):
        yield from _dictionaries(array.keys)
        yield from _dictionaries(array.items)
    elif hasattr(kind, "value_type"):
        yield from _dictionaries(array.flatten())
