"""A Delta Lake table, by deltalake."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.core.extras import needed
from stac_ingest.core.model import Item
from stac_ingest.lakes import DELTA_LOG, EXTRAS
from stac_ingest.outputs.table_format import StoredTable, TableFormatOutput

if TYPE_CHECKING:
    import pyarrow as pa

_APPLICATION = "stac_ingest"
"""Under this name the table counts our commits, in the same transaction as their rows."""
_ROW_GROUP = 2000


class DeltaOutput(TableFormatOutput):
    """Writes a Delta Lake table."""

    own_names = (DELTA_LOG,)

    def __init__(self, folder: str | PathLike[str], *, part_items: int = 20_000) -> None:
        """Make the output. Nothing is opened before `start`.

        Args:
            folder: where the table is; made where it isn't there.
            part_items: about how many items a commit, and so a file, holds.

        Raises:
            ConfigurationError: the extra `delta` is not installed.

        """
        needed(*EXTRAS["delta"])
        super().__init__(folder, part_items=part_items)

    def _is_of_table(self, name: str) -> bool:
        return name.endswith(".parquet")

    @property
    def _uri(self) -> str:
        return self.folder.path_of("").as_uri()

    def _stored(self) -> StoredTable | None:
        import pyarrow as pa  # noqa: PLC0415 - the other formats do without
        from deltalake import DeltaTable  # noqa: PLC0415 - an extra

        from stac_ingest.geoparquet.stac_schema import PLACES_KEY  # noqa: PLC0415 - the other formats do without

        table = DeltaTable(self._uri)
        last = table.transaction_version(_APPLICATION)
        return StoredTable(
            pa.schema(table.schema().to_arrow()),
            table.metadata().configuration.get(PLACES_KEY),
            table.count(),
            0 if last is None else last + 1,
        )

    def _stored_items(self) -> Iterator[Item]:
        return read_log(self.folder.path / DELTA_LOG)

    def _commit(self, number: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch], description: str) -> None:
        import pyarrow as pa  # noqa: PLC0415 - the other formats do without
        from deltalake import (  # noqa: PLC0415 - an extra
            CommitProperties,
            DeltaTable,
            Transaction,
            WriterProperties,
            write_deltalake,
        )

        from stac_ingest.geoparquet.stac_schema import PLACES_KEY  # noqa: PLC0415 - the other formats do without

        said = {PLACES_KEY: description}
        if not DeltaTable.is_deltatable(self._uri):
            table = DeltaTable.create(self._uri, schema, configuration=said, raise_if_key_not_exists=False)
        else:
            table = DeltaTable(self._uri)
            if table.metadata().configuration.get(PLACES_KEY) != description:
                # Before the rows, and so for columns that aren't there yet, where a kill comes between.
                table.alter.set_table_properties(said, raise_if_not_exists=False)
        write_deltalake(
            table,
            pa.RecordBatchReader.from_batches(schema, batches),
            mode="append",
            schema_mode="merge",
            writer_properties=WriterProperties(compression="ZSTD", max_row_group_size=_ROW_GROUP),
            commit_properties=CommitProperties(app_transactions=[Transaction(_APPLICATION, number)]),
        )


def read_log(log: Path) -> Iterator[Item]:
    """Yield the items of the table whose log is given.

    Raises:
        DataProcessingError: it can't be read.

    """
    from stac_ingest.lakes.delta import open_table  # noqa: PLC0415 - needs the extra
    from stac_ingest.lakes.opened import opened  # noqa: PLC0415 - the other formats do without

    yield from opened(partial(open_table, log.parent)).items()
