"""Simulated servers that the tests of a file share, since to start one takes longer than most of what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from ingest_bench.simulator.process import SimulatorProcess
from ingest_bench.simulator.pytest_plugin import StartServer

Servers = Callable[..., SimulatorProcess]


@contextmanager
def shared_servers(folders: pytest.TempPathFactory, corpus: Path) -> Iterator[Servers]:
    """Give a function that returns the server with some behaviours: started once, reset for whoever asks for it."""
    with ExitStack() as running:
        start = StartServer(running, folders)
        started = cache(lambda behaviours: start(*behaviours, corpus=corpus))

        def server(*behaviours: str) -> SimulatorProcess:
            found = started(behaviours)
            found.reset()
            return found

        yield server
