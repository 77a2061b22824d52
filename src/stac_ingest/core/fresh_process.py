"""A process that goes on as a fresh one of the same command, in its place: it has none of the memory taken so far.

What an allocator has taken in pieces it seldom gives back whole: each object that lives on keeps the page it is in.
Work that is done and on disk leaves such holes, and what comes next takes memory beside them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_VARIABLE = "STAC_INGEST_HANDED_OVER"
"""Of the environment: the number of the file that holds what is handed over."""
_NAME = "stac-ingest"
"""Of that file, which is in no folder."""


def go_on_as_fresh(handed_over: bytes, kept: Iterable[int]) -> None:
    """Begin the command of this process anew, in its place: the process keeps its number, and is not waited for.

    What is open is closed, no `finally` is run, and other threads end where they are. Returns only where the process
    can't begin anew; nothing has changed then.

    Args:
        handed_over: what `taken_over` returns there. It is kept in memory, since there may be secrets in it.
        kept: numbers of files that stay open, and locked.

    """
    if not sys.executable or not hasattr(os, "memfd_create"):
        return
    with suppress(OSError):
        descriptor = os.memfd_create(_NAME)
        inherited = [descriptor, *kept]
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(handed_over)
            for number in inherited:
                os.set_inheritable(number, True)
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            environment = {**os.environ, _VARIABLE: str(descriptor)}
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - its own command
        finally:
            for number in inherited:
                os.set_inheritable(number, False)
            os.close(descriptor)


def taken_over() -> bytes | None:
    """Return what the process was handed before it began anew; None where it did not. Only the first call tells."""
    number = os.environ.pop(_VARIABLE, "")
    with suppress(OSError):
        if number.isdecimal() and Path(f"/proc/self/fd/{number}").readlink().name.startswith(f"memfd:{_NAME}"):
            with os.fdopen(int(number), "rb") as file:
                file.seek(0)
                return file.read()
    return None  # where somebody else has set the variable, too
