"""A Parquet file that is written while its rows come, under the types that the first of them have.

Rows of a table have one schema, and most items of a collection are alike. So their types are known long before the
last of them has come, and encoding them needn't wait for it. Should other rows come after all, what was written is read
back. A row group is encoded by a thread, without the interpreter's lock, while the rows of the next one gather.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.core.background import Background
from stac_ingest.core.memory import give_back
from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.encoding import encoding_options
from stac_ingest.geoparquet.item_columns import Slot

ROWS = 2000
"""Rows whose types are taken for those of all."""
_BUFFER = 1 << 20
"""Bytes that are written to the file at once, about a row group. They are in memory twice while they are written."""
_GIVE_BACK = 50_000
"""Rows that are written until what is free of the memory is given back again."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class EarlyFile:
    """Writes a file under a name of its own; it gets the name that it is to have when it is finished."""

    def __init__(self, path: Path, names: Mapping[Slot, str], kinds: Mapping[Slot, pa.DataType], group: int) -> None:
        """Begin a file.

        Args:
            path: to write to; a file that is there is removed.
            names: of the columns.
            kinds: their types.
            group: rows of a row group.

        """
        self._path = path
        self._kinds = dict(kinds)
        self._group = group
        self.schema = pa.schema([(names[slot], kind) for slot, kind in kinds.items()])
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._until_given_back = 0
        """Rows; 0 at first, for what was done before this file has left free memory, too."""
        self._encoding = Background("encoder")
        path.unlink(missing_ok=True)
        self._stream = os.fdopen(os.open(path, _NEW, 0o666), "w+b")
        # Each write to the stream waits for the interpreter's lock, some milliseconds where it is busy.
        self._sink = pa.BufferedOutputStream(pa.PythonFile(self._stream, mode="w"), _BUFFER)
        # Arrow reads a file's metadata from its own form of the schema, so that form is added with them in the end.
        self._file = pq.ParquetWriter(self._sink, self.schema, store_schema=False, **encoding_options(self.schema))

    def takes(self, columns: Mapping[Slot, pa.Array]) -> bool:
        """Tell whether rows are of the file's types; a column may be missing."""
        return all(
            slot in self._kinds and (column.type == self._kinds[slot] or pa.types.is_null(column.type))
            for slot, column in columns.items()
        )

    def add(self, columns: Mapping[Slot, pa.Array]) -> None:
        """Append rows that the file `takes`.

        Raises:
            OSError: it, or what was added before, can't be written.
            DataProcessingError: Arrow can't encode what was added before.

        """
        rows = len(next(iter(columns.values())))
        held = [
            columns[slot] if slot in columns and columns[slot].type == kind else pa.nulls(rows, kind)
            for slot, kind in self._kinds.items()
        ]
        self._waiting.append(pa.table(held, schema=self.schema))
        self._rows += rows
        if self._rows >= self._group:
            self._write(self._rows - self._rows % self._group)

    def finish(self, path: Path, metadata: Mapping[str, str]) -> None:
        """Write what is left, and put the file in its place.

        Args:
            path: where it belongs.
            metadata: of the file.

        Raises:
            OSError: it can't be written.
            DataProcessingError: Arrow can't encode what was added.

        """
        self._write(self._rows)
        self._encoding.wait()
        form = base64.b64encode(self.schema.with_metadata(dict(metadata)).serialize().to_pybytes())
        self._file.add_key_value_metadata({**metadata, "ARROW:schema": form.decode()})
        self._file.close()
        self._sink.close()
        self._stream.close()
        self._path.replace(path)

    def columns(self) -> Iterator[dict[Slot, pa.Array]]:
        """End the file, and give what was added to it, some rows at a time.

        Raises:
            OSError: it can't be written or read.
            DataProcessingError: Arrow can't encode what was added.

        """
        self._write(self._rows)
        self._encoding.wait()
        self._file.close()
        self._sink.flush()
        self._stream.flush()
        with pq.ParquetFile(self._path) as file:
            for number in range(file.num_row_groups):
                table = file.read_row_group(number, use_threads=False)
                yield {slot: column.combine_chunks() for slot, column in zip(self._kinds, table.columns, strict=True)}

    def remove(self) -> None:
        """Close and remove the file, if it isn't in its place."""
        self._encoding.close()
        with contextlib.suppress(OSError, pa.ArrowException):  # a full disk refuses the end that nobody wants any more
            self._file.close()
        with contextlib.suppress(OSError):
            self._sink.close()
        with contextlib.suppress(OSError):
            self._stream.close()
        self._path.unlink(missing_ok=True)

    def _write(self, rows: int) -> None:
        """Have so many of the rows that wait written."""
        if not rows:
            return
        self._encoding.wait()  # or the rows under way, these and their copy were in memory together
        if self._until_given_back <= 0:
            give_back()  # now, when nothing is encoded, most is free
            self._until_given_back = _GIVE_BACK
        self._until_given_back -= rows
        joined = pa.concat_tables(self._waiting)
        self._waiting = [joined.slice(rows)] if rows < self._rows else []
        self._rows -= rows
        # Pieces of a column are encoded one by one, which costs more than to join them.
        group = joined.slice(0, rows).combine_chunks()
        del joined  # or the pieces stayed while the group is encoded, where no thread does that
        self._encoding.do(partial(self._encode, group))

    def _encode(self, rows: pa.Table) -> None:
        """Write rows to the file. Runs in a thread, so no error may look as if it was of the rows that came since."""
        try:
            self._file.write_table(rows, row_group_size=self._group)
        except OSError:
            raise
        except pa.ArrowException as error:
            raise DataProcessingError(f"{self._path}: can't be written: {error}") from error


def are_settled(kinds: Mapping[Slot, pa.DataType]) -> bool:
    """Tell whether all types say what their values are: none is known by nulls or by empty lists and objects alone."""
    return all(map(_is_settled, kinds.values()))


def _is_settled(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return bool(kind.num_fields) and all(_is_settled(field.type) for field in kind)
    return _is_settled(kind.value_type) if pa.types.is_list(kind) else not pa.types.is_null(kind)
