"""Reading whole regular files, bounded, and never waiting on what isn't one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from stac_ingest.errors import ItemError

BLOCK = 64 << 10
"""Bytes asked for at once: a larger first read costs more, since its buffer is made before the size is known."""


def open_file(path: str | Path, dir_fd: int | None = None) -> int:
    """Open for reading without waiting: a FIFO would block until somebody writes to it.

    Raises:
        OSError: it can't be opened.

    """
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=dir_fd)


def read_file(path: str | Path, largest: int, dir_fd: int | None = None) -> bytes:
    """Read a regular file of at most `largest` bytes.

    Raises:
        ItemError: it isn't a regular file, or is larger.
        OSError: it can't be opened or read.

    """
    descriptor = open_file(path, dir_fd)
    try:
        return read_open(descriptor, largest)
    finally:
        os.close(descriptor)


def read_open(descriptor: int, largest: int) -> bytes:
    """Read what an open descriptor has, from its start; see `read_file`."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ItemError("not a regular file")
    if status.st_size > largest:
        raise ItemError(f"{status.st_size} bytes, more than max_response_mb allows ({largest})")
    data = os.read(descriptor, BLOCK)
    if len(data) < BLOCK:
        return data
    parts = [data]
    room = largest - BLOCK
    while data:
        data = os.read(descriptor, min(1 << 20, room + 1))
        room -= len(data)
        if room < 0:
            raise ItemError(f"grew beyond max_response_mb ({largest} bytes) while it was read")
        parts.append(data)
    return b"".join(parts)
