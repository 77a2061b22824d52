"""Whether the metadata of a file's columns are consistent, checked without reading any data.

It is checked before anything looks at a column's metadata. To begin to read the columns is an error like others where
they don't hold.
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.errors import DataProcessingError


def check_columns(metadata: pq.FileMetaData, number: int) -> None:
    """Check the metadata of a row group's columns.

    Raises:
        DataProcessingError: they contradict themselves or the schema.

    """
    file = _EmptyFile()
    try:
        with pq.ParquetFile(pa.PythonFile(file, "r"), metadata=metadata, pre_buffer=False, buffer_size=1) as opened:
            next(opened.iter_batches(1, row_groups=[number], use_threads=False), None)
    except (OSError, ValueError, pa.ArrowException) as error:
        # Reading begins once there is a reader for each column, and none is made of metadata that don't hold.
        if not file.was_read:
            raise DataProcessingError(str(error)) from error


class _EmptyFile(io.RawIOBase):
    """A file of any size that gives nothing, and notes whether it was asked for anything."""

    SIZE = 1 << 62

    def __init__(self) -> None:
        self.was_read = False
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.SIZE}[whence]
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        self.was_read = True
        raise OSError(f"{size} bytes of a file that is not to be read")
