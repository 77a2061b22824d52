"""A process of this package's own, made ready: it loads and sets up nothing that its work doesn't need."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from contextlib import suppress
from typing import TextIO

_VARIABLES = {
    # No model of ours is changed by a plugin, and to look for some reads the metadata of all that is installed.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    # No linear algebra is done: NumPy need not start a thread for each processor to be ready for some.
    "OPENBLAS_NUM_THREADS": "1",
    # Arrow's own allocator (mimalloc in its wheels) keeps what was given back: with the system's, GeoParquet takes a
    # fifth less memory, and as much time.
    **({"ARROW_DEFAULT_MEMORY_POOL": "system"} if sys.platform == "linux" else {}),
}
"""Variables of the environment that tell libraries what this process needs of them, and what it never does."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Parameters of `mallopt`, by their numbers in `malloc.h`."""
_LARGE = 4 << 20
"""Bytes of a block of memory that goes back to the system as soon as it is freed."""


def begin_process() -> None:
    """Set up a process that is the command's own, or a job's, before it imports what it needs.

    Nothing that is imported is garbage while the process lives: the collector doesn't look at it while it is made
    (`gc.disable`), nor later (`begin_work`), nor once more when the interpreter ends, which takes longest
    (`end_process`).

    Ctrl-C ends the process at once until `begin_work`. An exception would come out of the middle of an import, where
    other modules turn it into errors of their own. A process that ignores Ctrl-C goes on to do so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name, value in _VARIABLES.items():
        os.environ.setdefault(name, value)
    sys.meta_path.insert(0, _WithoutPandas)
    gc.disable()


def is_own_process() -> bool:
    """Tell whether this process is the command's own, or a job's: `begin_process` has set it up."""
    return _WithoutPandas in sys.meta_path


def begin_work() -> None:
    """Have the collector look at what is made from now on, and Ctrl-C be raised: what the work needs is imported.

    The allocator is set up for work, too.
    """
    _set_allocator()
    gc.freeze()
    gc.enable()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _set_allocator() -> None:
    """Have the GNU C library's allocator leave fewer holes. A user who has settings of it keeps them.

    By itself it asks the system for each block from 128 KiB on, and later only from the size of the largest block that
    was freed so far, up to 32 MiB. That may be a page of an API, and then all that comes and goes leaves holes in the
    heap. Each thread gets a heap of its own, with its own holes; ours rarely need memory at the same time.
    """
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return
    with suppress(ImportError, OSError):  # a Python without `ctypes`, or one that is linked statically
        import ctypes  # noqa: PLC0415 - who asks for help needs none of it

        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:  # other C libraries have none
            mallopt(_M_MMAP_THRESHOLD, _LARGE)
            mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE)
            mallopt(_M_ARENA_MAX, 1)


def end_process() -> None:
    """Leave what there is to the end of the process."""
    gc.freeze()


class Messages(io.TextIOBase):
    """Standard error, as far as it takes anything: that nobody hears of a run is no reason to end it."""

    def __init__(self, stream: TextIO | None) -> None:
        """Write to a stream; where it is closed, to nowhere, so that no file gets its number, and messages with it."""
        self._stream = open(os.devnull, "w", encoding="utf-8") if stream is None else stream  # noqa: PTH123, SIM115 - as long as the process

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the number of its file."""
        return self._stream.fileno()


class _WithoutPandas:
    """Keeps Arrow from importing pandas to see whether a list is one of its series: 0.15 s and 45 MB for nothing."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:  # noqa: ARG004 - as importers are called
        """Find nothing; for pandas, say so to all that would look elsewhere.

        Raises:
            ModuleNotFoundError: pandas is looked for.

        """
        if name == "pandas":
            raise ModuleNotFoundError("this process does without pandas", name=name)
