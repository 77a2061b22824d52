"""The rows of a query of the user's own, in a file of SQL, that DuckDB answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stac_ingest.config import IngestConfig
from stac_ingest.core.background import usable_cores
from stac_ingest.core.extras import needed
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.geoparquet.batch_size import ROWS
from stac_ingest.lakes.opened import OpenTable, in_words
from stac_ingest.sources.kind import Where
from stac_ingest.sources.table_batches import TableSource
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement

MEMORY = "512MiB"
"""What the engine may hold, unless the query sets another limit; what is more, such as a sort, goes to the disk."""
MOST = 16 << 20
"""Bytes of a query, at most."""
_QUERIES = frozenset({"SELECT", "EXECUTE", "CALL", "MULTI"})
"""Statements whose rows may be items. Others give rows, too: COPY their number, EXPLAIN a text."""


class QuerySource(TableSource):
    """The rows of a query; its database is closed, and what it spilt is removed, at the end."""

    def __init__(self, path: Path, config: IngestConfig, summary: IngestSummary) -> None:
        super().__init__(partial(self._ask, path, remote=config.allow_remote), config, summary)
        self._connection: DuckDBPyConnection | None = None
        self._spilt: TemporaryDirectory[str] | None = None

    async def close(self) -> None:
        """End, and close the database."""
        try:
            await super().close()
        finally:
            if self._connection is not None:
                self._connection.close()
            if self._spilt is not None:
                self._spilt.cleanup()

    def _ask(self, path: Path, *, remote: bool) -> OpenTable:
        """Run all statements of a file but the last, and prepare that one."""
        import duckdb  # noqa: PLC0415 - an extra

        self._spilt = TemporaryDirectory(prefix="stac-ingest-")
        settings: dict[str, Any] = {
            "threads": usable_cores(),
            "memory_limit": MEMORY,
            "temp_directory": self._spilt.name,
            "enable_external_file_cache": False,
            "autoinstall_known_extensions": remote,
            "arrow_lossless_conversion": True,
        }
        self._connection = connection = duckdb.connect(":memory:", config=settings)
        try:
            statements = connection.extract_statements(_text_of(path))
            if not statements:
                raise DataProcessingError(f"{path} holds no query")
            for statement in statements:
                if not remote and _installs(statement):
                    raise ConfigurationError(f"{path} installs an extension; --allow-remote allows the download")
            *before, last = statements
            if last.type.name not in _QUERIES:
                raise DataProcessingError(_no_rows(path))
            for statement in before:
                connection.execute(statement).complete()
                if not remote:  # a SET or PRAGMA of the file's own doesn't let anything be downloaded
                    connection.execute("SET autoinstall_known_extensions = false")
            answer = connection.sql(last.query)
            if answer is None:
                raise DataProcessingError(_no_rows(path))
            reader = answer.to_arrow_reader(ROWS)
        except duckdb.Error as error:
            raise DataProcessingError(f"{path}: {in_words(error)}") from error
        return OpenTable(
            name=path.name,
            schema=reader.schema,
            batches=partial(_batches, reader),
            rows=None,
            notes=[
                f"the items are the rows of a query, {path.name}, in the values that DuckDB {duckdb.__version__} gives"
            ],
            interrupt=connection.interrupt,
        )


def query_source(where: Where, config: IngestConfig, summary: IngestSummary) -> QuerySource:
    """Make the source of a file of SQL.

    Raises:
        ConfigurationError: the extra isn't installed.

    """
    needed("duckdb", "duckdb")
    return QuerySource(Path(where.source), config, summary)


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    return iter(reader)


def _text_of(path: Path) -> str:
    if not path.is_file():  # opening a FIFO would wait for somebody to write to it
        raise DataProcessingError(f"{path} is not a regular file")
    if path.stat().st_size > MOST:
        raise DataProcessingError(f"{path} has more than {MOST >> 20} MiB, and is no query")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataProcessingError(f"{path} can't be read: {error}") from error


def _installs(statement: Statement) -> bool:
    """Tell whether a statement may download an extension: any but one that plainly begins with LOAD."""
    kind = statement.type.name
    lines = (line for line in statement.query.splitlines() if not line.lstrip().startswith("--"))
    loads = "\n".join(lines).lstrip("; \t\r\n").upper().split()[:1] == ["LOAD"]
    return kind == "UPDATE_EXTENSIONS" or (kind == "LOAD" and not loads)


def _no_rows(path: Path) -> str:
    return f"{path}: its last statement gives no rows; end with a SELECT"
