"""Connections to a pgstac, and what went wrong with them in words that hold no password."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from stac_ingest.core.text import plain_line
from stac_ingest.errors import ConfigurationError, DataProcessingError

Connection: TypeAlias = psycopg.Connection[Any]
T = TypeVar("T")

VERSIONS = ("0.10",)
"""Of pgstac, whose tables and functions are as they are used here: its first two numbers."""
_SHOWN = 300
_APPLICATION = "stac-ingest"
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.25
_FAST_COMPRESSION = """
    SELECT set_config(name, 'lz4', FALSE) FROM pg_settings
    WHERE name = 'default_toast_compression' AND source = 'default' AND 'lz4' = ANY (enumvals)
"""
"""Of the JSON of items, for this connection alone, unless somebody has chosen another: half of a server's work is to
compress by its own old way, and what LZ4 makes is a few percent larger. A server that was built without it has none."""
_UNPARSED = "the address of the database can't be read; give postgresql://user@host/name or 'host=... dbname=...'"
"""Said without the text: what may be a password in it can't be told from the rest."""


def has_password(dsn: str) -> bool:
    """Whether an address of a database has a password in it; one that can't be read may have one."""
    try:
        return bool(conninfo_to_dict(dsn).get("password"))
    except psycopg.Error:
        return "@" in dsn or "password" in dsn


def shown(connection: Connection) -> str:
    """Return where a connection leads, without who asks."""
    info = connection.info
    return f"postgresql://{info.host}:{info.port}/{info.dbname}"


def connect(dsn: str) -> Connection:
    """Connect once, and look whether a pgstac that can be used is there.

    Args:
        dsn: as libpq takes it; what it doesn't say comes from the environment.

    Returns:
        A connection that commits each statement by itself, outside of `transaction` blocks.

    Raises:
        ConfigurationError: the database can't be reached, or has no pgstac that is known.
        AdminShutdown: it could be reached, and somebody ended the connection.

    """
    try:
        connection = _connected(dsn)
    except psycopg.ProgrammingError:
        raise ConfigurationError(_UNPARSED) from None
    except errors.AdminShutdown:
        raise
    except psycopg.OperationalError as error:
        raise ConfigurationError(f"the database can't be reached: {in_words(error)}") from None
    try:
        _check_version(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def reconnect(dsn: str) -> Connection:
    """Connect again after a connection was lost, with some patience: a server takes a while to start.

    Raises:
        DataProcessingError: it can't be reached any more.

    """
    try:
        return patiently(lambda: _connected(dsn), psycopg.OperationalError)
    except psycopg.OperationalError as error:
        raise DataProcessingError(f"the connection to the database is lost: {in_words(error)}") from None


def patiently(do: Callable[[], T], passing: type[psycopg.Error]) -> T:
    """Do something, and again after ever longer pauses if it raises an error that may pass; the last one is raised."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return do()
        except passing:
            time.sleep(_FIRST_PAUSE_S * 2**attempt)
    return do()


def in_words(error: BaseException) -> str:
    """Return what a server, or libpq, says, on one line."""
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    return plain_line(" ".join(said.split()), _SHOWN)


def _connected(dsn: str) -> Connection:
    connection = psycopg.connect(dsn, autocommit=True, application_name=_APPLICATION, client_encoding="UTF8")
    # As pgstac's own roles have it. Its functions name their tables without the schema.
    connection.execute("SET search_path TO pgstac, public")
    connection.execute("SET TimeZone TO 'UTC'")
    connection.execute(_FAST_COMPRESSION)
    return connection


def _check_version(connection: Connection) -> None:
    where = shown(connection)
    try:
        row = connection.execute("SELECT pgstac.get_version()").fetchone()
    except (errors.UndefinedFunction, errors.InvalidSchemaName, errors.UndefinedTable):
        raise ConfigurationError(f"{where} has no pgstac; `pypgstac migrate` puts it there") from None
    except errors.AdminShutdown:
        raise
    except psycopg.Error as error:
        raise ConfigurationError(f"{where}: its pgstac can't be used: {in_words(error)}") from None
    version = str(row[0] if row else None)
    if ".".join(version.split(".")[:2]) not in VERSIONS and version != "unreleased":
        raise ConfigurationError(
            f"{where} has pgstac {plain_line(version, _SHOWN)}, and known is {' and '.join(VERSIONS)}; "
            "`pypgstac migrate` brings it up to date"
        )
