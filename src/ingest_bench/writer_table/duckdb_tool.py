"""DuckDB with its functions of geometry: in its core since 2.0, and before in an extension, which a package brings."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any


def connected() -> Any:
    """Give a connection that has the functions of geometry, without asking the network for them."""
    import duckdb  # noqa: PLC0415 - one tool's imports are not another's

    connection = duckdb.connect()
    path = _extension()
    if path is not None:
        connection.execute(f"LOAD {quoted(path)}")
    return connection


def install() -> None:
    """Put the extension where DuckDB looks for it, below the folder that HOME names."""
    import duckdb  # noqa: PLC0415 - same

    path = _extension()
    if path is not None:
        with duckdb.connect() as connection:
            connection.execute(f"INSTALL {quoted(path)}")


def quoted(path: Path) -> str:
    """Give a path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def _extension() -> Path | None:
    found = find_spec("duckdb_extension_spatial")
    if found is None or found.origin is None:
        return None
    return next(Path(found.origin).parent.rglob("spatial.duckdb_extension"), None)
