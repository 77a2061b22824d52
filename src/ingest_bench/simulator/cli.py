"""Runs the server until it is told to end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from aiohttp import web

from ingest_bench.errors import MeasurementError, SettingsError
from ingest_bench.simulator.assembly import Plan
from ingest_bench.simulator.log import RequestLog
from ingest_bench.simulator.options import Options, add_arguments, read_options
from ingest_bench.simulator.store import open_store

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "run"]

HOST = "127.0.0.1"
_BACKLOG = 1024
_GRACE_S = 1.0
"""For requests under way when the server is told to end."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT or, if asked for, the end of standard input. Prints a line of JSON when ready.

    Raises:
        MeasurementError: the corpus can't be served, or the port is taken.
        SettingsError: an option can't be used here.

    """
    plan = Plan(read_options(arguments))
    options = plan.options
    with _listen(options.port) as listener:
        port = listener.getsockname()[1]
        url = f"http://{HOST}:{port}"
        store = open_store(options.corpus, url if options.own_links else None)
        with RequestLog(options.log) if options.log else nullcontext() as log:
            app = plan.application(store, log)
            asyncio.run(_serve(app, listener, options, url))
    return 0


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=_BACKLOG)
    except OSError as error:
        raise MeasurementError(f"port {port} can't be listened on: {error}") from error


async def _serve(app: web.Application, listener: socket.socket, options: Options, url: str) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if options.with_parent:
        _end_with_input(loop, end)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        sys.stdout.write(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        await end.wait()
    finally:
        await runner.cleanup()


def _end_with_input(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    """Watch standard input: whoever holds its other end is the parent, and however it dies, the kernel closes it."""
    inlet = sys.stdin.fileno()

    def read() -> None:
        if not os.read(inlet, 4096):
            loop.remove_reader(inlet)
            end.set()

    try:
        loop.add_reader(inlet, read)
    except PermissionError:
        raise SettingsError("--with-parent: standard input is not a pipe that its parent holds open") from None
