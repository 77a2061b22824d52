"""Files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import IO, Literal

from stac_ingest.errors import ConfigurationError, DataProcessingError

Sync = Literal["nothing", "content", "name"]
"""What is on disk when a file has its name: nothing for sure, its content, or its content and its name."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def replacing(path: Path, *, sync: Sync = "content", temporary: Path | None = None) -> Iterator[IO[bytes]]:
    """Open a file for writing under a temporary name; at the end of the block it gets its name.

    What has the temporary name, be it a link, is removed and not written to. After an error in the block nothing is
    left of the new file, and a file that has the name stays as it was.

    Args:
        path: the name; a file that has it is replaced.
        sync: what is waited for before the block ends.
        temporary: the temporary name, in the same folder; by default `.<name>.<process id>.part`.

    Raises:
        OSError: the file can't be written.

    """
    temporary = temporary or path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, _NEW, 0o666), "w+b") as stream:
            yield stream
            stream.flush()
            if sync != "nothing":
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync == "name":
        sync_to_disk(path.parent)


def write_atomically(path: Path, data: bytes, *, sync: Sync = "content") -> None:
    """Write a file so that it is either whole or not there, and remove what killed processes left of it.

    Args:
        path: of the file; its folder is made where it isn't there.
        data: the content.
        sync: what is waited for.

    Raises:
        OSError: it can't be written.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_over in path.parent.glob(f".{path.name}.*.part"):
        left_over.unlink(missing_ok=True)
    with replacing(path, sync=sync) as stream:
        stream.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a file, and return when its content and its name are on disk.

    Raises:
        DataProcessingError: it can't be written.

    """
    _write(path, [text.encode()])


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file of lines as `write_text` does, a line at a time.

    Raises:
        DataProcessingError: it can't be written.

    """
    _write(path, (line + b"\n" for line in lines))


def put(temporary: Path, path: Path) -> None:
    """Give a finished file its name, for good.

    Raises:
        OSError: it can't be renamed.

    """
    temporary.replace(path)
    sync_to_disk(path.parent)


def refuse_link(path: Path, shown: Path | None = None) -> None:
    """Refuse a symbolic link where a folder or a file of an output is to be.

    Args:
        path: where it is to be.
        shown: its name in the message, if that is another.

    Raises:
        ConfigurationError: there is a link.

    """
    if path.is_symlink():
        raise ConfigurationError(
            f"{shown or path} is a symbolic link, and nothing is written outside of the output folder; remove it"
        )


def sync_to_disk(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, sync="name") as stream:
            stream.writelines(blocks)
    except OSError as error:
        raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
