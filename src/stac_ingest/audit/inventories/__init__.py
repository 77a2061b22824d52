"""Lists of the items that should be there: text, CSV, tables of ids, S3 Inventory."""

from __future__ import annotations

from pathlib import Path

from stac_ingest.audit.inventories.base import Inventory
from stac_ingest.audit.inventories.keys import KeyPattern
from stac_ingest.core.unpack import SUFFIXES
from stac_ingest.errors import ConfigurationError
from stac_ingest.sources.kind import PARQUET_SUFFIXES

__all__ = ["Inventory", "inventory_of"]

_TEXT, _CSV = (".txt", *(f".txt{packed}" for packed in SUFFIXES)), (".csv", *(f".csv{packed}" for packed in SUFFIXES))
MANIFEST = "manifest.json"


def inventory_of(source: str, pattern: str | None = None) -> Inventory | None:
    """Return the inventory that a path is, by its name and its beginning; None where it is a source of items.

    Args:
        source: a path, or a URL.
        pattern: how ids are in the keys of S3 objects, see `KeyPattern`.

    Raises:
        ConfigurationError: it is one that can't be used, or there is a pattern and no keys.

    """
    path = Path(source)
    found = _of_lists(path) or _of_objects(path, pattern) or _of_table(path)
    if pattern is not None and (found is None or not found.has_keys):
        raise ConfigurationError("--key-pattern applies to an S3 Inventory, and --against is none; leave it out")
    return found


def _of_lists(path: Path) -> Inventory | None:
    name = path.name.lower()
    if not name.endswith((*_TEXT, *_CSV)) or path.is_dir():
        return None
    if not path.is_file():
        raise ConfigurationError(f"File not found: {path} (--against)")
    from stac_ingest.audit.inventories.lists import CsvList, TextList  # noqa: PLC0415 - one kind is used

    return TextList(path) if name.endswith(_TEXT) else CsvList(path)


def _of_objects(path: Path, pattern: str | None) -> Inventory | None:
    manifest = path / MANIFEST if path.is_dir() else path
    if manifest.name != MANIFEST or not manifest.is_file():
        return None
    from stac_ingest.audit.inventories.s3 import read_manifest  # noqa: PLC0415 - one kind is used

    return read_manifest(manifest, KeyPattern(pattern))


def _of_table(path: Path) -> Inventory | None:
    first = next(iter(sorted(path.glob("*.parquet"))), None) if path.is_dir() else path
    if first is None or not first.is_file() or not first.name.lower().endswith(PARQUET_SUFFIXES):
        return None
    from stac_ingest.audit.inventories.tables import table_of_ids  # noqa: PLC0415 - one kind is used

    return table_of_ids(path, first)
