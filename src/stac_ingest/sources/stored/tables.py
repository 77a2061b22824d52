"""Parquet files in a store: footers, and the columns of the row groups that can hold what is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path, PurePosixPath

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ItemError
from stac_ingest.sources.geoparquet import GeoParquetSource, RowGroups, row_groups
from stac_ingest.sources.hive import keys_of_items
from stac_ingest.sources.stored.entries import name_of, object_of
from stac_ingest.stores.objects import Store
from stac_ingest.stores.table_file import StoredTable
from stac_ingest.summary import IngestSummary


class StoredTablesSource(GeoParquetSource):
    """The rows of Parquet files below a prefix."""

    def __init__(
        self, store: Store, prefix: str, listed: Sequence[str], config: IngestConfig, summary: IngestSummary
    ) -> None:
        """Read objects.

        Args:
            store: that they are in.
            prefix: of their keys.
            listed: texts of `entries`.
            config: the settings.
            summary: takes the counts.

        """
        super().__init__([], config, summary)
        self._ahead = True  # the event loop's thread never waits for a store
        self._store = store
        self._prefix = prefix
        self._listed = listed

    async def close(self) -> None:
        """End, once no thread reads any more."""
        await super().close()
        await asyncio.to_thread(self._store.close)

    async def _files(self) -> AsyncGenerator[RowGroups]:
        for listed in self._listed:
            yield await asyncio.to_thread(self._file, listed)

    def _file(self, listed: str) -> RowGroups:
        name = name_of(listed)
        # The reader wants a name to report, and never asks this machine about it.
        path: Path = PurePosixPath(name)  # type: ignore[assignment]
        try:
            whole = row_groups(path, stored=StoredTable(self._store, object_of(listed, self._prefix)))
        except ItemError as error:
            return RowGroups(path, range(0), None, None, error, name=name)
        return whole._replace(name=name, keys=keys_of_items(name, whole.schema))
