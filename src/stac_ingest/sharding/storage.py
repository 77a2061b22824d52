"""Where parts of the output go: a folder, or a prefix on object storage."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stac_ingest.core.atomic import put, sha256_of
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage

if TYPE_CHECKING:
    import pyarrow.fs as pafs

    from stac_ingest.sharding.manifest import Part

ITEMS = "items"


class Storage(Protocol):
    """Holds files by their path below it."""

    root: str
    """As the file system calls it."""

    @property
    def filesystem(self) -> pafs.FileSystem:
        """Return what opens its files."""

    def move_in(self, file: Path, name: str) -> None:
        """Move a finished local file here; it appears whole, and replaces one of that name.

        Raises:
            DataProcessingError: it can't be written.

        """

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the sizes in bytes of a folder's files by name; none where there is no such folder.

        Raises:
            ConfigurationError: the folder can't be listed.

        """

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            OSError: it can't be removed.

        """


def open_storage(settings: ShardedIngest) -> Storage:
    """Open the storage of the output.

    Raises:
        ConfigurationError: it can't be used.

    """
    if is_object_storage(settings.output):
        from stac_ingest.sharding.s3 import S3Storage  # noqa: PLC0415 - folders do without it

        return S3Storage(settings.output, settings)
    return LocalStorage(settings.output)


class LocalStorage:
    """A folder."""

    def __init__(self, root: str) -> None:
        self.root = root

    @cached_property
    def filesystem(self) -> pafs.FileSystem:
        """Return what opens its files."""
        import pyarrow.fs as pafs  # noqa: PLC0415 - who only looks at names and sizes does without Arrow

        return pafs.LocalFileSystem()

    def move_in(self, file: Path, name: str) -> None:
        """Move a file of the same file system."""
        target = Path(self.root) / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            put(file, target)
        except OSError as error:
            raise DataProcessingError(f"can't write {target}: {error.strerror or error}") from error

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the bytes of each file in a folder, by its name; nothing if there is no folder."""
        try:
            with os.scandir(Path(self.root) / folder) as entries:
                return {entry.name: entry.stat().st_size for entry in entries if entry.is_file(follow_symlinks=False)}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigurationError(f"output: can't look into {self.root}: {error.strerror or error}") from error

    def remove(self, name: str) -> None:
        """Remove a file."""
        (Path(self.root) / name).unlink(missing_ok=True)


def unsound(part: Part, storage: Storage, sizes: dict[str, int], *, every_byte: bool) -> str | None:
    """Return why a part is not what its report says; None where it is.

    Args:
        part: as reported.
        storage: where it is.
        sizes: of the files that are there.
        every_byte: whether a file on disk is hashed as well.

    """
    name = Path(part.path).name
    if name not in sizes:
        return "is missing"
    if sizes[name] != part.bytes:
        return f"has {sizes[name]} bytes, not {part.bytes}"
    if every_byte and isinstance(storage, LocalStorage) and sha256_of(Path(storage.root) / part.path) != part.sha256:
        return "has another content"
    return None
