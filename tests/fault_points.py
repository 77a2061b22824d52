"""Kills a process before its n-th change of the disk: each open for writing, rename, removal, new folder and sync.

What was written to an open file before is in it, as after a real kill; what comes after never happens.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_EVENTS = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate"})
_PATIENCE_S = 120


class FaultPoints:
    """Runs functions in processes of their own, which are forked from one that has imported what they need."""

    def __init__(self, modules: list[str]) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(modules)

    def count(self, folder: Path, work: Callable[..., object], *arguments: Any) -> int:
        """Run a function to its end; return how many points it has in a folder."""
        receiver, sender = self._context.Pipe(duplex=False)
        assert self._run(_counted, sender, str(folder), work, arguments) == 0
        number: int = receiver.recv()
        return number

    def kill_at(self, number: int, folder: Path, work: Callable[..., object], *arguments: Any) -> bool:
        """Run a function, and kill it before a point; tell whether it came to that."""
        code = self._run(_killed, number, str(folder), work, arguments)
        assert code in (0, -signal.SIGKILL), code
        return code != 0

    def _run(self, target: Callable[..., None], *arguments: Any) -> int | None:
        process = self._context.Process(target=target, args=arguments)
        process.start()
        process.join(_PATIENCE_S)
        assert process.exitcode is not None, "the process hangs"
        return process.exitcode


def _counted(sender: Any, folder: str, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    points = [0]

    def note() -> None:
        points[0] += 1

    _watch(folder, note)
    work(*arguments)
    sender.send(points[0])


def _killed(number: int, folder: str, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    points = [0]

    def note() -> None:
        if points[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)
        points[0] += 1

    _watch(folder, note)
    work(*arguments)


def _watch(folder: str, note: Callable[[], None]) -> None:
    """Call `note` before each change of what is below a folder."""

    def seen(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | bytes | os.PathLike) and flags & _WRITING and _is_below(path, folder):
                note()
        elif event in _EVENTS:
            # Of what is named by an open folder, the name alone is known; it is in the folder that is watched.
            path = arguments[0]
            if not isinstance(path, int) and (_is_below(path, folder) or not os.fsdecode(path).startswith("/")):
                note()

    # What a killed process wrote isn't lost: only a machine that stops needs the disk to be waited for.
    os.fsync = lambda _: note()
    sys.addaudithook(seen)


def _is_below(path: Any, folder: str) -> bool:
    return os.fsdecode(path).startswith(folder)
