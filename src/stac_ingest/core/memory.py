"""Memory that is free, given back to the system."""

from __future__ import annotations

import pyarrow as pa


def give_back() -> None:
    """Give back to the system what the allocator keeps of memory that was freed.

    The C library's allocator, which this package's processes have Arrow use on Linux, gives back by itself only what is
    free at the end of its heap. Arrays of many sizes come and go while a table is written, and a small object behind
    them keeps all that is free before it: the process grows with what it has written, though it holds no more. Arrow
    asks the allocator for all free pages (`malloc_trim` of the GNU C library). That takes a millisecond or two, and
    pages that are used again have to be had again, so it is for every few seconds of work.
    """
    pa.default_memory_pool().release_unused()
