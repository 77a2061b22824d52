"""Files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import file_digest
from pathlib import Path

from stac_ingest.errors import DataProcessingError


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name, wait until it is on disk, and give it its name.

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


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.writelines(blocks)
            stream.flush()
            os.fsync(stream.fileno())
        put(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error


def put(temporary: Path, path: Path) -> None:
    """Give a finished file its name, for good."""
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sha256_of(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
