"""The files that are sorted: parts as they were written, and what an earlier run has laid out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.column_names import slots_of
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.stac_schema import layout_of
from stac_ingest.geoparquet.table_metadata import collections_of

ROWS = 2000
"""Rows that are read at once."""
_BUFFER = 64 << 10
_UNREADABLE = (OSError, ValueError, pa.ArrowException)


class Run:
    """One file of ours.

    Attributes:
        rows: how many items it holds.
        size: in bytes.
        kinds: the type of each column.
        collections: documents of collections, by id.

    """

    def __init__(self, path: Path, name: str) -> None:
        """Look at a file.

        Args:
            path: where it is.
            name: what it is called in errors.

        Raises:
            DataProcessingError: it can't be read, or isn't one of ours.

        """
        self._path = path
        self._name = name
        try:
            self.size = path.stat().st_size
            with pq.ParquetFile(path) as file:
                schema, self.rows = file.schema_arrow, file.metadata.num_rows
        except _UNREADABLE as error:
            raise self._error(error) from error
        layout = layout_of(schema)
        if layout is None or not layout.is_ours:
            raise self._error("it is no table of ours")
        self.collections = collections_of(schema)
        names = [name for name in schema.names if name not in layout.added]
        self._names = {slot: name for name, slot in slots_of(names, layout.places).items()}
        self.kinds: Mapping[Slot, pa.DataType] = {slot: schema.field(name).type for slot, name in self._names.items()}

    def batches(self, wanted: Sequence[Slot] | None = None, rows: int = ROWS) -> Iterator[dict[Slot, pa.Array]]:
        """Yield the columns of some rows after the others.

        Args:
            wanted: the columns; one that isn't there is left out. All of them where it is None.
            rows: how many at once, at most.

        Raises:
            DataProcessingError: the file can't be read.

        """
        slots = [slot for slot in (self._names if wanted is None else wanted) if slot in self._names]
        columns = [self._names[slot] for slot in slots]
        try:
            with pq.ParquetFile(self._path, pre_buffer=False, buffer_size=_BUFFER) as file:
                for batch in file.iter_batches(rows, columns=columns, use_threads=False):
                    yield {slot: batch.column(self._names[slot]) for slot in slots}
        except _UNREADABLE as error:
            raise self._error(error) from error

    def read(self, wanted: Sequence[Slot]) -> dict[Slot, pa.Array]:
        """Return columns of all rows.

        Raises:
            DataProcessingError: the file can't be read.

        """
        found = list(self.batches(wanted))
        return {slot: pa.concat_arrays([columns[slot] for columns in found]) for slot in (found[0] if found else ())}

    def _error(self, why: object) -> DataProcessingError:
        return DataProcessingError(f"{self._name}: can't be read: {why}")
