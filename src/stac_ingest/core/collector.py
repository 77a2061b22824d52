"""Python's collector of garbage, while items stream through."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 5.0
"""Between two collections. A search of all objects takes tens of milliseconds."""


@contextmanager
def collected_now_and_then() -> Iterator[Callable[[], None]]:
    """Let the collector run only when what the block is given is called, and every few seconds at most.

    By itself it starts after every 700 new objects, of which an item of 5 KB has 250, and finds that all of a batch are
    in use. Items are no garbage that it would find: they go when their batch is written. It is left as it is where the
    program has turned it off.
    """
    if not gc.isenabled():
        yield lambda: None
        return
    following = time.monotonic() + SECONDS

    def collect() -> None:
        nonlocal following
        if (now := time.monotonic()) >= following:
            gc.collect()
            following = now + SECONDS

    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()
