"""An Iceberg table, as pyiceberg reads it: in a folder, or named in a catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.stac_schema import PLACES_KEY
from stac_ingest.lakes import METADATA, METADATA_FILE, VERSION_HINT
from stac_ingest.lakes.opened import OpenTable

if TYPE_CHECKING:
    from pyiceberg.table import FileScanTask, Table

_NUMBER = re.compile(r"v?(\d+)")
LOCAL_FILES = "stac_ingest.lakes.iceberg_files.LocalFiles"


def open_table(table: Table, name: str) -> OpenTable:
    """Take the newest snapshot of a table.

    Args:
        table: as pyiceberg has it.
        name: what it is called in failures.

    Raises:
        Exception: the library's own, where it can't read the table.

    """
    from pyiceberg.io.pyarrow import schema_to_pyarrow  # noqa: PLC0415 - an extra

    snapshot = table.current_snapshot()
    tasks = [] if snapshot is None else list(table.scan(snapshot_id=snapshot.snapshot_id).plan_files())
    deletes = any(task.delete_files for task in tasks)
    rows = None if deletes else sum(task.file.record_count for task in tasks)
    counted = "some of whose files have deleted rows" if rows is None else f"{rows:,} in number"
    which = "no snapshot" if snapshot is None else f"snapshot {snapshot.snapshot_id}"
    return OpenTable(
        name=name,
        schema=schema_to_pyarrow(table.schema(), include_field_ids=False),
        batches=partial(_batches, table, tasks),
        rows=rows,
        notes=[f"{which} of the Iceberg table was read: its current rows, {counted}"],
        description=table.properties.get(PLACES_KEY),
    )


def table_in(folder: Path, document: Path | None = None) -> Table:
    """Load a table from its folder, wherever that was when the table was written.

    Args:
        folder: of the table.
        document: which of its documents to take; None for the newest.

    Raises:
        DataProcessingError: it has none, or two that may be the newest.
        Exception: the library's own, where it can't read the document.

    """
    from pyiceberg.catalog.noop import NoopCatalog  # noqa: PLC0415 - an extra
    from pyiceberg.serializers import FromInputFile  # noqa: PLC0415 - same
    from pyiceberg.table import StaticTable  # noqa: PLC0415 - same

    from stac_ingest.lakes.iceberg_files import FOLDER, LOCATION, LocalFiles  # noqa: PLC0415 - needs the extra

    where = {FOLDER: str(folder.resolve())}
    newest = str((document or _newest(folder / METADATA)).resolve())
    metadata = FromInputFile.table_metadata(LocalFiles(where).new_input(newest))
    files = LocalFiles({**where, LOCATION: metadata.location})
    return StaticTable(("static", folder.name), metadata, newest, files, NoopCatalog("static"))


def table_of_catalog(identifier: str, properties: dict[str, str], *, remote: bool) -> Table:
    """Load a table that a catalog knows.

    Args:
        identifier: its name, with that of its namespace.
        properties: of the catalog.
        remote: whether files of other machines may be read.

    Raises:
        Exception: the library's own, where it can't be loaded.

    """
    from pyiceberg.catalog import load_catalog  # noqa: PLC0415 - an extra

    own = {} if remote else {"py-io-impl": LOCAL_FILES}
    others = {name: value for name, value in properties.items() if name != "name"}
    # Its connection, such as to a file of SQLite, isn't needed any more once the table is loaded.
    with closing(load_catalog(properties.get("name", "stac"), **{**others, **own})) as catalog:
        return catalog.load_table(identifier)


def _batches(table: Table, tasks: Sequence[FileScanTask]) -> Iterator[pa.RecordBatch]:
    """Read one data file after another: the library holds the rows of those that it is given together."""
    from pyiceberg.expressions import AlwaysTrue  # noqa: PLC0415 - an extra
    from pyiceberg.io.pyarrow import ArrowScan  # noqa: PLC0415 - same

    from stac_ingest.lakes.iceberg_nulls import keep_nulls  # noqa: PLC0415 - needs the extra

    keep_nulls()
    for task in tasks:
        yield from ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue()).to_record_batches([task])


def _newest(folder: Path) -> Path:
    """Find the newest document, by the hint that some writers leave, or by the numbers in the names."""
    names = [path.name for path in folder.iterdir() if path.name.endswith(METADATA_FILE)]
    hint = folder / VERSION_HINT
    text = hint.read_text(encoding="utf-8").strip() if hint.is_file() and hint.stat().st_size < 1 << 10 else ""
    if text in names:
        return folder / text
    numbered = [(int(match[1]), name) for name in names if (match := _NUMBER.match(name))]
    if text.isdecimal():
        # The hint may be behind, so what follows it without a gap is newer.
        known, number = {number for number, _ in numbered}, int(text)
        while number + 1 in known:
            number += 1
        numbered = [pair for pair in numbered if pair[0] == number]
    newest = sorted(name for number, name in numbered if number == max(numbered)[0])
    if len(newest) != 1:
        found = "none" if not newest else f"{newest[0]} and {newest[1]}"
        raise DataProcessingError(f"which of its documents in {folder} is the newest can't be told: {found}; give one")
    return folder / newest[0]
