"""An Iceberg table, by pyiceberg, with a catalog of its own: a file of SQLite beside it."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.core.extras import needed
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError
from stac_ingest.lakes import EXTRAS, METADATA, VERSION_HINT
from stac_ingest.outputs.table_format import StoredTable, TableFormatOutput

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table

_CATALOG, _NAMESPACE, _TABLE = "catalog.db", "stac", "stac.items"
_COMMITS = "stac_ingest.commits"
"""The property by which the table counts our commits, in the same transaction as their rows."""
_SETTINGS = {"write.parquet.compression-codec": "zstd", "write.parquet.row-group-limit": "2000"}


class IcebergOutput(TableFormatOutput):
    """Writes an Iceberg table, `stac.items` of the catalog."""

    own_names = (METADATA, "data", _CATALOG)

    def __init__(self, folder: str | PathLike[str], *, part_items: int = 20_000) -> None:
        """Make the output. Nothing is opened before `start`.

        Args:
            folder: where the table is; made where it isn't there.
            part_items: about how many items a commit, and so a file, holds.

        Raises:
            ConfigurationError: the extra `iceberg` is not installed.

        """
        needed(*EXTRAS["iceberg"])
        super().__init__(folder, part_items=part_items)
        self._catalog: SqlCatalog | None = None
        self._loaded: Table | None = None
        self._place = ""

    def _open(self, *, resume: bool) -> None:
        # Wherever its path may lead later: the table's documents name its files by it.
        self._place = f"file://{self.folder.path.resolve()}"
        super()._open(resume=resume)

    def _is_of_table(self, name: str) -> bool:
        return name.startswith(_CATALOG)

    def _opened_catalog(self) -> SqlCatalog:
        from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415 - an extra

        from stac_ingest.lakes.iceberg import LOCAL_FILES  # noqa: PLC0415 - needs the extra
        from stac_ingest.lakes.iceberg_files import FOLDER, LOCATION  # noqa: PLC0415 - same

        if self._catalog is None:
            self._catalog = SqlCatalog(
                "stac",
                uri=f"sqlite:///{self.folder.path_of(_CATALOG)}",
                warehouse=self._place,
                **{"py-io-impl": LOCAL_FILES, LOCATION: self._place, FOLDER: str(self.folder.path_of(""))},
            )
            self._catalog.create_namespace_if_not_exists(_NAMESPACE)
        return self._catalog

    def _stored(self) -> StoredTable | None:
        from pyiceberg.io.pyarrow import schema_to_pyarrow  # noqa: PLC0415 - an extra

        from stac_ingest.geoparquet.stac_schema import PLACES_KEY  # noqa: PLC0415 - the other formats do without

        catalog = self._opened_catalog()
        if not catalog.table_exists(_TABLE):
            return None
        table = self._loaded = catalog.load_table(_TABLE)
        if table.location() != self._place:
            raise ConfigurationError(
                f"the table in {self.folder.path} was written in {table.location()}, which its files are named by; "
                "resume it there, or give another folder"
            )
        self._hint(table)  # a run that was killed behind its last commit hasn't said so
        snapshot = table.current_snapshot()
        summary = None if snapshot is None else snapshot.summary
        return StoredTable(
            schema_to_pyarrow(table.schema(), include_field_ids=False),
            table.properties.get(PLACES_KEY),
            int(summary["total-records"] or 0) if summary is not None else 0,
            int(table.properties.get(_COMMITS, 0)),
        )

    def _stored_items(self) -> Iterator[Item]:
        return read_table(self.folder.path / METADATA)

    def _commit(self, number: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch], description: str) -> None:
        import pyarrow as pa  # noqa: PLC0415 - the other formats do without

        from stac_ingest.geoparquet.stac_schema import PLACES_KEY  # noqa: PLC0415 - same
        from stac_ingest.lakes.iceberg_nulls import keep_nulls  # noqa: PLC0415 - needs the extra

        keep_nulls()
        if self._loaded is None:
            self._loaded = self._opened_catalog().create_table(
                _TABLE, schema, location=self._place, properties=_SETTINGS
            )
        table = self._loaded
        with table.transaction() as transaction:
            with transaction.update_schema() as update:
                update.union_by_name(schema)
            transaction.append(
                pa.RecordBatchReader.from_batches(schema, batches), snapshot_properties={_COMMITS: str(number + 1)}
            )
            transaction.set_properties({_COMMITS: str(number + 1), PLACES_KEY: description})
        self._hint(table)

    def _hint(self, table: Table) -> None:
        """Say which document is the newest: readers that know no catalog look for this file."""
        hint = self.folder.path_of(METADATA) / VERSION_HINT
        part = hint.with_name(f".{VERSION_HINT}.part")
        part.write_text(table.metadata_location.rpartition("/")[2])
        part.replace(hint)

    def _release(self) -> None:
        super()._release()
        if self._catalog is not None:
            self._catalog.close()
            self._catalog = self._loaded = None


def read_table(metadata: Path) -> Iterator[Item]:
    """Yield the items of the table whose folder of metadata is given.

    Raises:
        DataProcessingError: it can't be read.

    """
    from stac_ingest.lakes.iceberg import open_table, table_in  # noqa: PLC0415 - needs the extra
    from stac_ingest.lakes.opened import opened  # noqa: PLC0415 - the other formats do without

    yield from opened(lambda: open_table(table_in(metadata.parent), metadata.parent.name)).items()
