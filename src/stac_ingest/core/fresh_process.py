"""A process that goes on as a fresh one of the same command, in its place: it has none of the memory taken so far.

What an allocator has taken in pieces it seldom gives back whole: each object that lives on keeps the page it is in.
Work that is done and on disk leaves such holes, and what comes next takes memory beside them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_VARIABLE = "STAC_INGEST_HANDED_OVER"
"""Of the environment: the numbers of the file that holds what is handed over, and of those that stay open; and the name
of the process."""
_NAME = "stac-ingest"
"""Of that file, which is in no folder."""
_COMMAND_NAME = Path("/proc/self/comm")
"""Has the name by which `pgrep` and `killall` know a process: that of a script, while it runs in the first process."""
_LAST_STREAM = 2
"""The number of standard error. Where a standard stream is closed, another file gets its number, and a fresh process
would write its words there."""


def go_on_as_fresh(handed_over: bytes, kept: Iterable[int]) -> None:
    """Begin the command of this process anew, in its place: the process keeps its number, and is not waited for.

    What is open is closed, no `finally` is run, and other threads end where they are. Ctrl-C waits until `taken_over`.
    Returns only where the process can't begin anew; nothing has changed then.

    Args:
        handed_over: what `taken_over` reads there. It is kept in memory, since there may be secrets in it.
        kept: numbers of files that stay open, and locked.

    """
    if not hasattr(os, "memfd_create") or not _tells_program():
        return
    with suppress(OSError):
        descriptor = os.memfd_create(_NAME)
        inherited = [descriptor, *kept]
        try:
            if min(inherited) <= _LAST_STREAM or not _is_handed_over(descriptor):
                return
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(handed_over)
            for number in inherited:
                os.set_inheritable(number, True)
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            handed = f"{','.join(map(str, inherited))}:{_COMMAND_NAME.read_text(errors='surrogateescape').rstrip()}"
            environment = {**os.environ, _VARIABLE: handed}
            with _ctrl_c_waits():
                os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - its own
        finally:
            for number in inherited:
                os.set_inheritable(number, False)
            os.close(descriptor)


def taken_over(read: Callable[[bytes], _T | None]) -> _T | None:
    """Return what the process was handed before it began anew; None where it did not. Only the first call tells.

    Args:
        read: makes something of it; None where it can't, and then the files that stayed open are closed.

    """
    handed, _, name = os.environ.pop(_VARIABLE, "").partition(":")
    numbers = handed.split(",")
    if not all(map(str.isdecimal, numbers)):
        return None  # nothing was, or somebody else has set the variable
    descriptor, *kept = map(int, numbers)
    try:
        if not _is_handed_over(descriptor):
            return None
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            text = file.read()
    except (OSError, OverflowError):
        return None  # same
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with suppress(OSError):
        _COMMAND_NAME.write_text(name, errors="surrogateescape")
    found = read(text)
    if found is None:
        for number in kept:
            os.close(number)
    return found


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Have Ctrl-C wait for the fresh process. One that another thread gets ends this one: none is lost."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.getsignal(signal.SIGINT)
    try:
        if callable(handler):  # else it is ignored, and goes on to be
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        yield
    finally:
        if callable(handler):
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _tells_program() -> bool:
    """Tell whether the command line of this process is that of the command, and names a program to be read again.

    It isn't where another program calls the command, with arguments of its own; and a program that came through a pipe
    can't be read twice.
    """
    program, *arguments = sys.argv
    is_there = program == "-c" or os.path.isfile(program) or os.path.isdir(program)  # noqa: PTH112, PTH113 - "" is none
    return bool(sys.executable) and is_there and sys.orig_argv[len(sys.orig_argv) - len(arguments) :] == arguments


def _is_handed_over(number: int) -> bool:
    """Tell whether a number is of a file that holds what is handed over.

    Raises:
        OSError: it is of none, or the system doesn't tell.

    """
    return Path(f"/proc/self/fd/{number}").readlink().name.startswith(f"memfd:{_NAME}")
