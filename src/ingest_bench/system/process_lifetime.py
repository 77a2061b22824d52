"""Processes that end with the one that they work for, however that one ends."""

import ctypes
import os
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PARENT = "INGEST_BENCH_PARENT"


def die_with_parent(parent: int | None = None, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel end this process when its parent does.

    Args:
        parent: the process id that the parent had when it started this process; when another has taken its place, the
            parent is gone already and this process ends at once.
        by: the signal that it then gets.

    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def register_parent() -> None:
    """Have the processes below this one end with it, where they call `exit_with_parent`."""
    os.environ[_PARENT] = str(os.getpid())


def exit_with_parent() -> None:
    """Have this process get SIGTERM when the one that called `register_parent` ends.

    Only one among its ancestors counts: a cluster's jobs inherit the variable, and outlive who submitted them.
    """
    parent = int(os.environ.get(_PARENT, "0"))
    if parent not in _ancestors():
        return
    try:
        ended = os.pidfd_open(parent)
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGTERM)
        return

    def follow() -> None:
        select.select([ended], [], [])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()


def _ancestors() -> Iterator[int]:
    """Yield the ids of the processes above this one, as far as the kernel tells."""
    process = os.getppid()
    while process > 0:
        yield process
        try:
            status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        # The name of a program, in parentheses, may hold anything; its state and its parent come after.
        process = int(status.rpartition(")")[2].split()[1])
