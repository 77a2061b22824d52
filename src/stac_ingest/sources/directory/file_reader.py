"""Reading whole regular files, bounded, and never waiting on what isn't one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from stac_ingest.core.text import too_large
from stac_ingest.errors import ItemError

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC

BLOCK = 64 << 10
"""Bytes asked for at once, before a file's size is known."""


def open_file(path: str | Path, dir_fd: int | None = None) -> int:
    """Open for reading without waiting: a FIFO would block until somebody writes to it.

    Raises:
        OSError: it can't be opened.

    """
    return os.open(path, _READ, dir_fd=dir_fd)


class Reader:
    """Reads files one after another, in one thread.

    They come into one buffer and leave it as a copy of just their size. A buffer for each, cut to size, would leave
    the memory full of holes, which costs more than the copy: 2 us of 17 for a file of 5 KB.
    """

    def __init__(self, max_bytes: int) -> None:
        """Read files of at most `max_bytes` bytes."""
        self._max_bytes = max_bytes
        self._view = memoryview(bytearray(BLOCK))
        self._buffers = [self._view]

    def read(self, descriptor: int) -> bytes:
        """Read what an open descriptor has, from its start.

        Reading at a position is what tells a file from a pipe, a socket or a terminal, which refuse it. So a small file
        costs no `fstat`; devices, which can be endless, are told by theirs.

        Raises:
            ItemError: it isn't a regular file, or is too large.
            OSError: it can't be read.

        """
        try:
            size = os.preadv(descriptor, self._buffers, 0)
        except OSError as error:
            if error.errno in {errno.ESPIPE, errno.EISDIR}:
                raise ItemError("not a regular file") from None
            raise
        head = bytes(self._view[:size])
        return head if size < BLOCK else self._read_on(descriptor, head)

    def read_path(self, path: str | Path) -> bytes:
        """Read the file at a path; see `read`."""
        descriptor = open_file(path)
        try:
            return self.read(descriptor)
        finally:
            os.close(descriptor)

    def _read_on(self, descriptor: int, head: bytes) -> bytes:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ItemError("not a regular file")
        if status.st_size > self._max_bytes:
            raise ItemError(too_large(status.st_size, self._max_bytes))
        parts, size = [head], len(head)
        while data := os.pread(descriptor, max(status.st_size - size + 1, BLOCK), size):
            parts.append(data)
            size += len(data)
            if size > self._max_bytes:
                raise ItemError(f"grew beyond max_response_mib ({self._max_bytes} bytes) while it was read")
        return b"".join(parts)
