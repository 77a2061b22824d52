"""Work that goes on in a thread while the next piece of it is prepared."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


def usable_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Background:
    """Does pieces of work one after another, each while the next one is prepared.

    At most one piece is under way and none waits, so what they hold is bounded.
    """

    def __init__(self, name: str, cores: int | None = None) -> None:
        """Begin without work, and without a thread.

        Args:
            name: of the thread.
            cores: that may be used; those of the process where it is None. With one, work is done where it comes up.

        """
        self._name = name
        self._inline = (usable_cores() if cores is None else cores) == 1
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[None] | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Begin a piece of work, once the one before it has ended; what that one raised is raised here."""
        self.wait()
        if self._inline:
            work()
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, self._name)
        self._under_way = self._thread.submit(work)

    @property
    def is_busy(self) -> bool:
        """Whether a piece of work is under way, so that `wait` would wait."""
        return self._under_way is not None and not self._under_way.done()

    def wait(self) -> None:
        """Wait until nothing is under way; what it raised is raised here, once."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def close(self) -> None:
        """Wait until nothing is under way, and end the thread; what it raised is for nobody any more."""
        self._under_way = None
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
