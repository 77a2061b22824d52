"""Having the kernel load files before their turn.

A cold file costs a disk access, and one file after another means one access after another, whatever the disk could do
at once. Opening files ahead and announcing that they will be read (`posix_fadvise`) lets the disk work on many.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress

from stac_ingest.sources.directory.file_reader import open_file

CAN_ANNOUNCE = hasattr(os, "posix_fadvise")
"""Not on every system; files are then read when their turn comes."""

NOT_OPEN = -1

WAIT_SECONDS = 100e-6
"""A byte from memory takes one or two microseconds; one that takes this long came from elsewhere."""


def opened_ahead(names: Iterable[str], folder: int, depth: int) -> Generator[tuple[str, int]]:
    """Yield names in their order with an open descriptor, the receiver's to close, while `depth` more are on their way.

    A file that could not be opened ahead comes as `NOT_OPEN`: its turn is soon enough to find out why, and by then
    there may be descriptors again. Closing the generator closes what it holds.
    """
    coming: deque[tuple[str, int]] = deque()
    try:
        for name in names:
            coming.append((name, _announce(name, folder)))
            if len(coming) > depth:
                yield coming.popleft()
        while coming:
            yield coming.popleft()
    finally:
        for _, descriptor in coming:
            if descriptor != NOT_OPEN:
                os.close(descriptor)


def has_to_wait(name: str, folder: int) -> bool:
    """Tell whether a file's bytes have to come from a disk.

    Linux can say so without waiting. Some file systems can't (tmpfs, NFS): there a byte is read and timed.
    """
    try:
        descriptor = open_file(name, folder)
    except OSError:
        return False
    try:
        os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return _is_slow(descriptor)
    else:
        return False
    finally:
        os.close(descriptor)


def _is_slow(descriptor: int) -> bool:
    started = time.perf_counter()
    with suppress(OSError):
        os.pread(descriptor, 1, 0)
    return time.perf_counter() - started > WAIT_SECONDS


def _announce(name: str, folder: int) -> int:
    try:
        descriptor = open_file(name, folder)
    except OSError:
        return NOT_OPEN
    with suppress(OSError):  # a pipe takes no advice; reading it will say that it is none
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
    return descriptor
