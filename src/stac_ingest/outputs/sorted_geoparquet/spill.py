"""Rows on disk, each filed under the row group that it goes to: a sort of what doesn't fit in memory."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stac_ingest.errors import DataProcessingError

RANK = "rank"
"""The last column of what is kept: the number of each row in the sorted order."""
_CODEC = pa.Codec("zstd", 1)


class _Piece:
    """Rows of one row group, in the file."""

    __slots__ = ("offset", "size", "unpacked")

    def __init__(self, offset: int, size: int, unpacked: int) -> None:
        self.offset, self.size, self.unpacked = offset, size, unpacked


class Spill:
    """Takes rows in any order, and gives them back a row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema, starts: npt.NDArray[np.int64], memory: int) -> None:
        """Begin without rows.

        Args:
            path: of the file, which is made anew.
            schema: of the rows, with `RANK` at its end.
            starts: the rank that each row group begins with, in order.
            memory: bytes that may wait; about three times as many are held while they are filed.

        """
        self.path = path
        self._schema = schema
        self._starts = starts
        self._memory = memory
        self._waiting: list[pa.RecordBatch] = []
        self._held = 0
        self._pieces: dict[int, list[_Piece]] = defaultdict(list)
        path.unlink(missing_ok=True)
        self._file: BinaryIO = path.open("x+b")
        self.rows = 0
        """Rows that are in the file."""
        self.size = 0
        """Bytes of the file."""

    def add(self, rows: pa.RecordBatch) -> bool:
        """Take rows; say whether the file has grown by that.

        Raises:
            OSError: it can't be written.

        """
        self._waiting.append(rows)
        self._held += rows.nbytes
        if self._held < self._memory:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write what waits to the file.

        Raises:
            OSError: it can't be written.

        """
        waiting, self._waiting, self._held = self._waiting, [], 0
        for batch in pa.Table.from_batches(waiting, self._schema).combine_chunks().to_batches():
            del waiting[:]
            self._file_away(batch)

    def group(self, number: int) -> pa.Table:
        """Return the rows of a row group, sorted, and without their rank.

        Raises:
            OSError: the file can't be read.
            DataProcessingError: it isn't what was written.

        """
        batches = []
        for piece in self._pieces.pop(number, ()):
            self._file.seek(piece.offset)
            packed = self._file.read(piece.size)
            try:
                batches.append(pa.ipc.read_record_batch(_CODEC.decompress(packed, piece.unpacked), self._schema))
            except (OSError, pa.ArrowException) as error:
                raise DataProcessingError(f"{self.path}: was changed while it was in use: {error}") from error
        table = pa.Table.from_batches(batches, self._schema).combine_chunks()
        order = np.argsort(table.column(RANK).to_numpy())
        return table.drop_columns([RANK]).take(pa.array(order))

    def close(self) -> None:
        """Close and remove the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _file_away(self, batch: pa.RecordBatch) -> None:
        groups = np.searchsorted(self._starts, batch.column(RANK).to_numpy(), "right") - 1
        order = np.argsort(groups, kind="stable")
        batch, groups = batch.take(pa.array(order)), groups[order]
        ends = np.flatnonzero(np.diff(groups)) + 1
        for start, stop in zip([0, *ends.tolist()], [*ends.tolist(), len(groups)], strict=True):
            unpacked = batch.slice(start, stop - start).serialize()
            packed = _CODEC.compress(unpacked, asbytes=True)
            self._pieces[int(groups[start])].append(_Piece(self.size, len(packed), unpacked.size))
            self._file.seek(self.size)
            self._file.write(packed)
            self.size += len(packed)
        self.rows += len(batch)
