"""S3 Inventory, as AWS delivers it: a `manifest.json`, and the files that it names, in CSV with gzip or in Parquet.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import orjson

from stac_ingest.audit.inventories.base import Failed
from stac_ingest.audit.inventories.keys import KeyPattern
from stac_ingest.audit.inventories.lists import UNREADABLE, lines
from stac_ingest.core.id_set import Key
from stac_ingest.errors import ConfigurationError

_MOST_BYTES = 64 << 20
_FORMATS = ("CSV", "Parquet")
_COLUMNS = {"CSV": ("Key", "IsLatest", "IsDeleteMarker"), "Parquet": ("key", "is_latest", "is_delete_marker")}


class _File(NamedTuple):
    key: str
    md5: str | None


class ObjectInventory:
    """The objects of a bucket. Versions that aren't the current one, and marks of deleted objects, are passed over."""

    has_keys = True

    def __init__(
        self, manifest: Path, kind: str, columns: Sequence[str], files: Sequence[_File], pattern: KeyPattern
    ) -> None:
        self.label = f"an S3 Inventory in {kind}"
        self._manifest = manifest
        self._kind, self._columns, self._files = kind, columns, files
        self._pattern = pattern
        self.passed_over = 0

    @property
    def has_collections(self) -> bool:
        """Whether the pattern finds collections."""
        return self._pattern.has_collections

    def keys(self, failed: Failed) -> Iterator[Key]:
        """Yield the key of the item that each current object is of."""
        key, is_latest, is_deleted = _COLUMNS[self._kind]
        for file in self._files:
            path = self._find(file)
            if path is None:
                failed(file.key, f"isn't there, neither beside {self._manifest} nor in the folders above it")
                continue
            if file.md5 is not None and _md5(path) != file.md5:
                failed(path.name, "is not what the manifest says: its MD5 is another one; get it again")
                continue
            for row in self._rows(path, failed):
                is_current = str(row.get(is_latest, True)).lower() != "false"
                found = None
                if is_current and str(row.get(is_deleted, False)).lower() != "true":
                    found = self._pattern.find(str(row[key]))
                if found is None:
                    self.passed_over += 1
                else:
                    yield found

    def _rows(self, path: Path, failed: Failed) -> Iterator[Mapping[str, Any]]:
        if self._kind == "Parquet":
            from stac_ingest.audit.inventories.tables import rows_of  # noqa: PLC0415 - CSV needs no Arrow

            yield from rows_of(path, _COLUMNS["Parquet"], failed)
            return
        try:
            for row in csv.reader(lines(path)):
                if len(row) < len(self._columns):
                    failed(path.name, f"a line has {len(row)} columns, and the manifest names {len(self._columns)}")
                    return
                named = dict(zip(self._columns, row, strict=False))
                named["Key"] = unquote_plus(named["Key"])  # in CSV alone, keys are encoded as those of forms are
                yield named
        except UNREADABLE as error:
            failed(path.name, f"can't be read: {error}")

    def _find(self, file: _File) -> Path | None:
        """Find a file where it lies in the bucket, seen from the manifest, or in a copy of some of it."""
        key = PurePosixPath(file.key)
        if key.is_absolute() or ".." in key.parts or not key.name:
            return None
        folder = self._manifest.resolve().parent
        # The first folder of the key is one above the manifest, and nothing is read elsewhere.
        places = [above.parent / key for above in (folder, *folder.parents) if above.name == key.parts[0]]
        places += [folder / key.name, folder / "data" / key.name, folder.parent / "data" / key.name]
        return next((place for place in places if place.is_file()), None)


def read_manifest(path: Path, pattern: KeyPattern) -> ObjectInventory | None:
    """Return the inventory whose manifest a file is; None where the file is something else.

    Raises:
        ConfigurationError: the inventory's format isn't read, or its manifest is damaged.

    """
    try:
        with path.open("rb") as stream:
            found: Any = orjson.loads(stream.read(_MOST_BYTES))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or not {"fileFormat", "fileSchema", "files"} <= found.keys():
        return None
    kind, schema, files = found["fileFormat"], found["fileSchema"], found["files"]
    if kind not in _FORMATS:
        raise ConfigurationError(
            f"--against: {path} is of an S3 Inventory in {kind!r:.20}, of which CSV and Parquet are read"
        )
    named = [_file(entry) for entry in files] if isinstance(files, list) else [None]
    sound = [file for file in named if file is not None]
    columns = [name.strip() for name in str(schema).split(",")] if kind == "CSV" else []
    if len(sound) != len(named) or (kind == "CSV" and "Key" not in columns):
        raise ConfigurationError(f"--against: {path} is damaged: it names no files, or no column Key")
    return ObjectInventory(path, kind, columns, sound, pattern)


def _file(entry: Any) -> _File | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
        return None
    md5 = entry.get("MD5checksum")
    return _File(entry["key"], md5.lower() if isinstance(md5, str) else None)


def _md5(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return file_digest(stream, "md5").hexdigest()
    except OSError:
        return None
