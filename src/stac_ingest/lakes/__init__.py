"""Tables of Delta Lake and Iceberg: the folders that are some, here, and how their own libraries read them, beside it.

Their files hold rows that were deleted or replaced as well as those that count.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import NamedTuple

from stac_ingest.errors import ConfigurationError

DELTA_LOG = "_delta_log"
"""The folder that makes another one a Delta Lake table."""
METADATA = "metadata"
"""The folder of an Iceberg table's documents."""
METADATA_FILE = ".metadata.json"
"""How the names of these documents end."""
VERSION_HINT = "version-hint.text"
"""The file among them by which some writers say which is the newest."""
EXTRAS = {"delta": ("deltalake", "delta"), "iceberg": ("pyiceberg", "iceberg")}
"""For each format, the package that is needed, and the extra that installs it."""


class _Format(NamedTuple):
    name: str
    kind: str | None
    """Of the source that reads such a table; None where none does."""


_DELTA, _ICEBERG, _HUDI = _Format("Delta Lake", "delta"), _Format("Iceberg", "iceberg"), _Format("Hudi", None)
LOGS = {DELTA_LOG: _DELTA, ".hoodie": _HUDI}
"""By the name of the folder that keeps a table's history."""
DATA = "data"
OWN_FOLDER = "table"
"""The folder within our own output that is the table."""
_OF_OUTPUTS = ("certificate.json", ".checkpoints")
"""Names in an output of ours, whole or not."""


class Table(NamedTuple):
    """A table of a format whose history says which rows count."""

    kind: str
    """Of the source that reads it."""
    folder: Path
    document: Path | None = None
    """The one of Iceberg's documents that was asked for; None for the newest."""


def table_at(path: Path) -> Table | None:
    """Find the table that a path is: of its folder, of the folder of its history, or of an output of ours.

    Of Iceberg's table, a path can be one of its documents, too.

    Args:
        path: of a file or a folder.

    Raises:
        ConfigurationError: it is a table of Hudi, or of two formats at once.
        OSError: the folder can't be read.

    """
    if path.name.endswith(METADATA_FILE) and path.parent.name == METADATA and path.is_file():
        return Table("iceberg", path.parent.parent, path)
    if not path.is_dir():
        return None
    if path.name == DELTA_LOG:
        return Table("delta", path.parent)
    if path.name == METADATA and _is_iceberg(_names(path)):
        return Table("iceberg", path.parent)
    found = _table_of(path)
    if found is None and any((path / name).exists() for name in _OF_OUTPUTS):
        return _table_of(path / OWN_FOLDER)
    return found


def _table_of(folder: Path) -> Table | None:
    """Return the table that a folder is."""
    found = [of for log, of in LOGS.items() if (folder / log).is_dir()]
    if _is_iceberg(_names(folder / METADATA)):
        found.append(_ICEBERG)
    if len(found) > 1:
        names = " and ".join(of.name for of in found)
        ways = ", ".join(
            {"delta": str(folder / DELTA_LOG), "iceberg": str(folder / METADATA)}[of.kind] for of in found if of.kind
        )
        raise ConfigurationError(f"source: {folder} is a table of {names}; say which to read by giving one of: {ways}")
    if found and found[0].kind is None:
        raise ConfigurationError(
            f"source: {folder} is a table of {found[0].name}, whose files hold rows that were deleted or replaced as "
            "well; write its current rows to a Parquet file, by a snapshot query, and give that"
        )
    return Table(found[0].kind, folder) if found and found[0].kind else None


def refuse_table(folder: PurePath, names: Collection[str]) -> None:
    """Look whether a folder is a table, by some of the names in it.

    Raises:
        ConfigurationError: naming the table and what to do.

    """
    if not LOGS.keys().isdisjoint(names):
        log = next(log for log in LOGS if log in names)
        raise _refusal(folder, LOGS[log])
    if folder.name == METADATA and _is_iceberg(names):
        raise _refusal(folder.parent, _ICEBERG)


def refuse_data_of_table(folder: Path) -> None:
    """Look whether a folder is the one with the data files of a table, or one of its partitions (`year=2024`).

    Raises:
        ConfigurationError: naming the table and what to do.

    """
    within = folder
    while "=" in within.name:
        within = within.parent
    if within != folder:
        refuse_table(within, [log for log in LOGS if (within / log).is_dir()])
    if within.name == DATA:
        refuse_table(within.parent / METADATA, _names(within.parent / METADATA))


def _names(folder: Path) -> list[str]:
    """List a folder; nothing where it isn't there, or isn't to be entered."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are all that is looked at
    except OSError:
        return []


def _is_iceberg(names: Collection[str]) -> bool:
    lists = any(name.endswith(".avro") or name == VERSION_HINT for name in names)
    return lists and any(name.endswith(METADATA_FILE) for name in names)


def _refusal(table: PurePath, of: _Format) -> ConfigurationError:
    first, *others = table.parts or ("",)
    in_store = first.endswith(":")  # of a URL, a path has made one slash of two
    how = (
        f"to read its current rows, {'copy it here, and ' if in_store else ''}give that folder itself"
        if of.kind
        else "write its current rows to a Parquet file, and give that"
    )
    shown = f"{first}//{'/'.join(others)}" if in_store else table
    return ConfigurationError(
        f"source: {shown} is a table of {of.name}, whose files hold rows that were deleted or replaced as well; {how}"
    )
