"""The files of a table, opened."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.metadata_check import check_columns
from stac_ingest.geoparquet.table_metadata import geo_metadata, metadata_of
from stac_ingest.sources.folder import files_in
from stac_ingest.sources.geoparquet import READ_BUFFER, UNREADABLE, row_groups


class TableFile(NamedTuple):
    """A file that could be opened."""

    path: Path
    name: str
    """Below the folder of the table."""
    size: int
    metadata: pq.FileMetaData
    schema: pa.Schema
    decoder: Decoder

    @property
    def groups(self) -> range:
        """The numbers of the row groups."""
        return range(self.metadata.num_row_groups)

    @property
    def geo(self) -> dict[str, Any]:
        """The metadata of GeoParquet; empty where there are none that can be read."""
        return geo_metadata(self.schema)

    @property
    def stac(self) -> dict[str, Any] | None:
        """The metadata of STAC-GeoParquet; None where there are none that can be read."""
        return metadata_of(self.schema, "stac-geoparquet")

    def group_size(self, number: int) -> int:
        """Return the bytes of a row group."""
        group = self.metadata.row_group(number)
        return sum(group.column(column).total_compressed_size for column in range(group.num_columns))

    def batches(self, number: int, rows: int, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield rows of a row group.

        Raises:
            DataProcessingError: it can't be read.

        """
        try:
            check_columns(self.metadata, number)
            with pq.ParquetFile(self.path, pre_buffer=False, buffer_size=READ_BUFFER) as file:
                yield from file.iter_batches(rows, row_groups=[number], columns=columns, use_threads=False)
        except UNREADABLE as error:
            raise DataProcessingError(f"{self.name}: row group {number}: {error}") from error


def open_files(place: Path) -> tuple[list[TableFile], list[str]]:
    """Open the files of a table.

    Args:
        place: a file or a folder.

    Returns:
        Those that can be opened, and what is wrong with each of the others.

    Raises:
        ConfigurationError: it is the folder of another table format.
        DataProcessingError: there is no file.

    """
    if not place.exists():
        raise DataProcessingError(f"{place}: no such file or folder")
    names, wrong = [place.name], list[str]()
    folder = place.parent
    if place.is_dir():
        found = files_in(place, "parquet")
        names, folder = list(found.tables), place
        wrong += [f"{one.name}: {one.why}" for one in found.refused]
    if not names and not wrong:
        raise DataProcessingError(f"{place}: no Parquet files in it, or in the folders in it")
    opened = []
    for name in names:
        path = folder / name
        rows = row_groups(path)
        if rows.metadata is None or rows.schema is None or rows.decoder is None:
            wrong.append(f"{name}: {str(rows.error).removeprefix(f'{path}: ')}")
        else:
            opened.append(TableFile(path, name, path.stat().st_size, rows.metadata, rows.schema, rows.decoder))
    return opened, wrong


def sound_groups(file: TableFile) -> Any:
    """Return what says whether the metadata of a row group hold, and remembers it."""

    @cache
    def is_sound(number: int) -> bool:
        try:
            check_columns(file.metadata, number)
        except DataProcessingError:
            return False
        return True

    return is_sound
