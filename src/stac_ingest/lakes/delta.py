"""A Delta Lake table, as deltalake reads it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.batch_size import ROWS
from stac_ingest.geoparquet.stac_schema import PLACES_KEY
from stac_ingest.lakes.opened import OpenTable

if TYPE_CHECKING:
    from deltalake import DeltaTable

_ENGINE = {"datafusion.execution.batch_size": str(ROWS), "datafusion.execution.target_partitions": "1"}
"""One file after another, some rows at a time: the engine's own settings have a file for each core in memory."""


def open_table(folder: Path) -> OpenTable:
    """Open the newest version of a table.

    Raises:
        DataProcessingError: a file of it lies outside of its folder.
        Exception: the library's own, where it can't read the table.

    """
    from deltalake import DeltaTable  # noqa: PLC0415 - an extra

    place = folder.resolve()
    if unquote(str(place)) != str(place):
        raise DataProcessingError(
            f"{place}: deltalake takes what looks escaped in a path for letters; rename the folder"
        )
    table = DeltaTable(place.as_uri())
    _check_places(table, place)
    rows = _current_rows(table)
    counted = "which it doesn't count" if rows is None else f"{rows:,} in number"
    return OpenTable(
        name=folder.name,
        schema=pa.schema(table.schema().to_arrow()),
        batches=partial(_batches, table),
        rows=rows,
        notes=[f"version {table.version()} of the Delta table was read: its current rows, {counted}"],
        description=table.metadata().configuration.get(PLACES_KEY),
    )


def _batches(table: DeltaTable) -> Iterator[pa.RecordBatch]:
    from deltalake import QueryBuilder  # noqa: PLC0415 - an extra

    found = QueryBuilder(_ENGINE).register("items", table).execute("SELECT * FROM items")
    return iter(pa.RecordBatchReader.from_stream(found))


def _check_places(table: DeltaTable, folder: Path) -> None:
    """See that all files lie in the table's folder: its log may come from anybody."""
    starts = [f"{folder}/", f"{urlsplit(folder.as_uri()).path}/"]
    for uri in table.file_uris():
        path = uri.removeprefix("file://")
        inner = next((path.removeprefix(start) for start in starts if path.startswith(start)), None)
        # Which of the two it is, the library alone knows.
        forms = () if inner is None else {inner, unquote(inner)}
        if not forms or not all((folder / form).resolve().is_relative_to(folder) for form in forms):
            raise DataProcessingError(f"its log names a file outside of its folder, which isn't read: {uri}")


def _current_rows(table: DeltaTable) -> int | None:
    """Count rows by the log; None where it doesn't say how many a file has."""
    files: Any = pa.table(table.get_add_actions())
    counts = files.column("num_records")
    if counts.null_count:
        return None
    total = pc.sum(counts).as_py() or 0
    if "deletionVectors" in (table.protocol().reader_features or ()):
        for batch in pa.RecordBatchReader.from_stream(table.deletion_vectors()):
            total -= pc.sum(pc.invert(batch.column("selection_vector").flatten())).as_py() or 0
    return int(total)
