"""The current rows of tables of Delta Lake and Iceberg."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from stac_ingest.config import IngestConfig
from stac_ingest.core.extras import needed
from stac_ingest.errors import ConfigurationError
from stac_ingest.lakes import EXTRAS, Table, table_at
from stac_ingest.sources.kind import Where
from stac_ingest.sources.table_batches import TableSource
from stac_ingest.summary import IngestSummary


def delta_source(where: Where, config: IngestConfig, summary: IngestSummary) -> TableSource:
    """Make the source of a Delta Lake table.

    Raises:
        ConfigurationError: the extra isn't installed.

    """
    needed(*EXTRAS["delta"])
    from stac_ingest.lakes.delta import open_table  # noqa: PLC0415 - needs the extra

    return TableSource(partial(open_table, _table(where).folder), config, summary)


def iceberg_source(where: Where, config: IngestConfig, summary: IngestSummary) -> TableSource:
    """Make the source of an Iceberg table.

    Raises:
        ConfigurationError: the extra isn't installed, or the catalog is on another machine and nothing lets it be
            asked.

    """
    needed(*EXTRAS["iceberg"])
    from stac_ingest.lakes.iceberg import open_table, table_in, table_of_catalog  # noqa: PLC0415 - needs the extra

    if config.iceberg_catalog is not None:
        catalog, name = config.iceberg_catalog, where.source
        if not config.allow_remote:
            _check_local(catalog)
        return TableSource(
            lambda: open_table(table_of_catalog(name, catalog, remote=config.allow_remote), name), config, summary
        )
    table = _table(where)
    return TableSource(lambda: open_table(table_in(table.folder, table.document), table.folder.name), config, summary)


def _table(where: Where) -> Table:
    """Return the table at a place; what is none is taken for its folder, and its library says what it is not."""
    path = Path(where.source)
    return table_at(path) or Table("", path)


def _check_local(properties: dict[str, str]) -> None:
    uri = properties.get("uri", "")
    if properties.get("type", "sql") != "sql" or urlsplit(uri).scheme.partition("+")[0] != "sqlite":
        raise ConfigurationError(
            "iceberg_catalog: only a file of SQLite (type sql, uri sqlite:////path) is sure to be on this machine; "
            "--allow-remote lets another one be asked"
        )
