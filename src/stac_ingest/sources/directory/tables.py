"""Folders of table formats, whose files hold rows that were deleted or replaced as well as those that count."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import NamedTuple

from stac_ingest.errors import ConfigurationError


class _Format(NamedTuple):
    name: str
    export: str


LOGS = {
    "_delta_log": _Format("Delta Lake", "deltalake's DeltaTable(path).to_pyarrow_table()"),
    ".hoodie": _Format("Hudi", "a snapshot query"),
}
"""By the name of the folder that keeps a table's history."""
_ICEBERG = _Format("Iceberg", "pyiceberg's StaticTable.from_metadata(path).scan().to_arrow()")
METADATA, DATA = "metadata", "data"


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
    if within.name != DATA:
        return
    try:
        names = os.listdir(within.parent / METADATA)  # noqa: PTH208 - names are all that is looked at
    except OSError:
        return
    refuse_table(within.parent / METADATA, names)


def _is_iceberg(names: Collection[str]) -> bool:
    lists = any(name.endswith(".avro") or name == "version-hint.text" for name in names)
    return lists and any(name.endswith(".metadata.json") for name in names)


def _refusal(table: PurePath, of: _Format) -> ConfigurationError:
    return ConfigurationError(
        f"source: {_shown(table)} is a table of {of.name}, whose files hold rows that were deleted or replaced as "
        f"well; write its current rows to a Parquet file ({of.export}), and give that"
    )


def _shown(path: PurePath) -> str:
    """Return a path, or the URL of a prefix of which a path has made one slash of two."""
    first, *others = path.parts or ("",)
    return f"{first}//{'/'.join(others)}" if first.endswith(":") else str(path)
