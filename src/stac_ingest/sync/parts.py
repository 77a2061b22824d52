"""Parts: rows of some are written to others, a bounded number at a time, and a finished one gets its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stac_ingest.core.atomic import put, refuse_link, sha256_of, sync_to_disk
from stac_ingest.core.id_set import Key
from stac_ingest.core.model import Item
from stac_ingest.core.rows import ItemRows, Rows
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError, IngestError
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.stac_schema import FOLDERS
from stac_ingest.geoparquet.table_metadata import marked_geometries, schema_of_file
from stac_ingest.geoparquet.table_rows import table_rows
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs.geoparquet import keys_of_rows
from stac_ingest.sharding.manifest import Part
from stac_ingest.sources.geoparquet import READ_BUFFER, UNREADABLE
from stac_ingest.sync.entries import Entries

Mask = NDArray[np.bool_]
REPAIR = "repair the output by `stac-ingest audit DIR --against SOURCE --repair`, or put back a copy"
PLACE = ("part", "row")
"""The columns of entries that say where an item is."""
_TOGETHER = 500
"""Rows that are read at once."""
_GROUP = 5000
"""Rows of a row group."""


def even_parts(items: int, part_items: int) -> int:
    """Return how many items each part is to have, so that parts of about `part_items` hold all of them evenly."""
    parts = max(1, round(items / part_items))
    return -(-items // parts)


def rows_of(path: Path, kept: Mask) -> Iterator[Rows]:
    """Yield some rows of a part in their order, as they are stored where that is known to come out the same.

    Args:
        path: of the part.
        kept: for each of its rows, whether it is wanted.

    Raises:
        DataProcessingError: it can't be read, or has another number of rows.

    """
    start = 0
    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=READ_BUFFER) as file:
            if file.metadata.num_rows != len(kept):
                raise ValueError(f"it has {counted(file.metadata.num_rows, 'row')}, expected {len(kept):,}")
            schema = schema_of_file(file)
            decoder = Decoder(schema, marked_geometries(file.schema, schema.names))
            for batch in file.iter_batches(_TOGETHER, use_threads=False):
                chosen = np.flatnonzero(kept[start : start + len(batch)])
                start += len(batch)
                if len(chosen):
                    yield _rows(batch, chosen, decoder, path)
    except UNREADABLE as error:
        raise DataProcessingError(f"{path} can't be read: {error}; {REPAIR}") from error


def readable_items(path: Path) -> Iterator[Item]:
    """Yield the items of a part that can be read: of a row group with damage those that come before it.

    Args:
        path: of the part, which may be missing.

    """
    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=READ_BUFFER) as file:
            schema = schema_of_file(file)
            decoder = Decoder(schema, marked_geometries(file.schema, schema.names))
            for number in range(file.num_row_groups):
                with suppress(*UNREADABLE, RecursionError):
                    for batch in file.iter_batches(_TOGETHER, row_groups=[number], use_threads=False):
                        yield from decoder.items(decoder.plain(batch), path.name, lambda *_: None)
    except UNREADABLE:
        return


def by_part(blocks: Iterable[Entries]) -> Iterator[tuple[int, Iterator[Entries]]]:
    """Yield the number of each part, with its entries, some at a time: a whole part is read beside them.

    A part's entries have to be taken before the next part is asked for.

    Args:
        blocks: entries with the columns of `PLACE`, sorted by these.

    """
    for number, pieces in groupby(_pieces(blocks), itemgetter(0)):
        yield number, (entries for _, entries in pieces)


def _pieces(blocks: Iterable[Entries]) -> Iterator[tuple[int, Entries]]:
    for some in blocks:
        numbers, starts = np.unique(some["part"], return_index=True)
        yield from zip(numbers.tolist(), np.split(some, starts[1:]), strict=True)


def keys_at(path: Path, rows: Iterable[int]) -> Iterator[Key]:
    """Yield which items some rows of a part are.

    Args:
        path: of the part.
        rows: their numbers, rising.

    Raises:
        DataProcessingError: it can't be read, or hasn't as many rows.

    """
    left = iter(rows)
    row = next(left, None)
    try:
        for place, key in enumerate(keys_of_rows(path)):
            if place == row:
                yield key
                row = next(left, None)
        if row is not None:
            raise ValueError(f"it has no row {row:,}")
    except UNREADABLE as error:
        raise DataProcessingError(f"{path} can't be read: {error}; {REPAIR}") from error


def damaged_parts(output: Path, parts: Iterable[Part]) -> list[str]:
    """Name the parts that are missing, or haven't the size with which they were written.

    Args:
        output: the folder of the output.
        parts: of its manifest.

    """

    def is_there(part: Part) -> bool:
        try:
            return (output / part.path).stat().st_size == part.bytes
        except OSError:
            return False

    return [part.path for part in parts if not is_there(part)]


def write_parts(rows: Iterable[Rows], items: int, name: Callable[[int], Path], folder: str) -> list[Path]:
    """Write rows to parts, each of `items` of them but for the last one.

    Args:
        rows: in their order.
        items: of each part.
        name: gives the path of each part, by its number; what has it is replaced.
        folder: of the partition.

    Raises:
        DataProcessingError: they can't be written.

    """
    paths: list[Path] = []
    writer: GeoParquetWriter | None = None
    room = 0
    try:
        for some in _cut(rows, items):
            if not room:
                paths.append(name(len(paths)))
                writer, room = part_writer(paths[-1], folder), items
            assert writer is not None
            columns = some.columns()
            if columns is None:
                writer.write(some.items())
            else:
                writer.write_columns(columns)
            room -= len(some.keys)
            if not room:
                writer.close()
        if writer is not None and room:
            writer.close()
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        if isinstance(error, IngestError):
            raise
        raise DataProcessingError(f"can't write {paths[-1] if paths else folder}: {error}") from error
    finally:
        if writer is not None:
            writer.abandon()
    return paths


def part_writer(path: Path, folder: str) -> GeoParquetWriter:
    """Begin a part of a partition. Its folders are not of its items, which the part itself says."""
    keys = [name.partition("=")[0] for name in folder.split("/")]
    return GeoParquetWriter(path, row_group_items=_GROUP, layout={FOLDERS: keys})


def take_place(path: Path, items: int, output: Path, folder: str) -> Part:
    """Give a finished part its place, for good; its name says what is in it, so it never changes.

    Raises:
        ConfigurationError: the folder is a link.
        DataProcessingError: it can't be put there, or has another number of rows.

    """
    try:
        sync_to_disk(path)
        if (rows := pq.read_metadata(path).num_rows) != items:
            raise DataProcessingError(f"{path} has {counted(rows, 'row')}, expected {items:,}; run the sync again")
        sha256 = sha256_of(path)
        part = Part(
            path=f"items/{folder}/part-{sha256[:16]}.parquet", items=items, bytes=path.stat().st_size, sha256=sha256
        )
        put(path, _folder(output, part.path) / Path(part.path).name)
    except OSError as error:
        raise DataProcessingError(f"can't write to {output}: {error.strerror or error}") from error
    return part


def _folder(output: Path, path: str) -> Path:
    """Make the folders that a part is in, below the output, and none through a link."""
    folder = output
    for name in path.split("/")[:-1]:
        folder /= name
        refuse_link(folder)
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            sync_to_disk(folder.parent)
    return folder


def _rows(batch: pa.RecordBatch, chosen: NDArray[np.int64], decoder: Decoder, path: Path) -> Rows:
    batch = decoder.plain(batch)
    if len(chosen) < len(batch):
        batch = batch.take(pa.array(chosen))
    made = table_rows(batch, decoder)

    def refuse(origin: str, error: Exception) -> None:
        raise ValueError(f"{origin}: {error}")

    return made if made is not None else ItemRows.of(list(decoder.items(batch, path.name, refuse)))


def _cut(rows: Iterable[Rows], items: int) -> Iterator[Rows]:
    """Cut rows where a part is full."""
    room = items
    for some in rows:
        rest, count = some, len(some.keys)
        while count > room:
            yield rest.take(range(room))
            rest, count, room = rest.take(range(room, count)), count - room, items
        yield rest
        room = room - count or items
