"""The kernel's cache of file contents: filling it, emptying it, and looking what is in it."""

import ctypes
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

_READ = 1 << 20


def corpus_files(root: Path) -> list[Path]:
    """List a corpus's files, in the order of their names."""
    return sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]


def fill(files: Iterable[Path]) -> int:
    """Read files once, so that the next to read them finds them in memory. Returns the bytes read."""
    buffer = bytearray(_READ)
    total = 0
    for path in files:
        with path.open("rb", buffering=0) as stream:
            while count := stream.readinto(buffer):
                total += count
    return total


def evict(files: Iterable[Path]) -> None:
    """Drop files from memory. What isn't on the disk yet stays, so call `os.sync` after writing them."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def cached_share(files: Iterable[Path]) -> float | None:
    """Say what share of the files' pages is in memory, 0 to 1; None where there are no pages to look at."""
    present = total = 0
    for path in files:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size:
                flags = _residency(stream.fileno(), size)
                present += sum(flag & 1 for flag in flags)
                total += len(flags)
    return present / total if total else None


def _residency(descriptor: int, size: int) -> bytes:
    pages = -(-size // mmap.PAGESIZE)
    flags = (ctypes.c_ubyte * pages)()
    # A private writable mapping, since ctypes takes the address of nothing that can't be written.
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY) as mapping:
        first = ctypes.c_char.from_buffer(mapping)
        try:
            address = ctypes.c_void_p(ctypes.addressof(first))
            if ctypes.CDLL(None, use_errno=True).mincore(address, ctypes.c_size_t(size), flags):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            del first
    return bytes(flags)
