"""The server in the foreground of a process, until it is told to end."""

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
from ingest_bench.simulator.item_store import Store, open_store
from ingest_bench.simulator.options import GENERATED, Options
from ingest_bench.simulator.server import AppBuilder

if TYPE_CHECKING:
    from ingest_bench.simulator.generated.service import GeneratedApi

HOST = "127.0.0.1"
_BACKLOG = 1024
_GRACE_S = 1.0
"""For requests in flight when the server is told to end."""


def serve(options: Options) -> None:
    """Serve until SIGTERM, SIGINT or, if requested, the end of standard input; print a line of JSON when ready.

    Raises:
        MeasurementError: the corpus can't be served, or the port is taken.
        SettingsError: an option can't be used here.

    """
    builder = AppBuilder(options)
    options = builder.options
    try:
        listener = socket.create_server((HOST, options.port), backlog=_BACKLOG)
    except OSError as error:
        raise MeasurementError(f"port {options.port} can't be listened on: {error}") from error
    with listener:
        port = listener.getsockname()[1]
        url = f"http://{HOST}:{port}"
        corpus = _opened(options, url if options.rewrite_links else None)
        with options.log.open("ab") if options.log else nullcontext() as log:
            asyncio.run(_serve(builder.build(corpus, log), listener, options, url))


def _opened(options: Options, links: str | None) -> Store | GeneratedApi:
    if (options.corpus / GENERATED).is_file():
        from ingest_bench.simulator.generated.service import GeneratedApi  # noqa: PLC0415 - a plain server does without

        return GeneratedApi(options.corpus, options, links)
    return open_store(options.corpus, links)


async def _serve(app: web.Application, listener: socket.socket, options: Options, url: str) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if options.exit_on_stdin_close:
        _end_on_stdin_close(loop, end)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        sys.stdout.write(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        await end.wait()
    finally:
        await runner.cleanup()


def _end_on_stdin_close(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    """Set the event when standard input ends: however the parent dies, the kernel closes its end of the pipe."""
    inlet = sys.stdin.fileno()

    def read() -> None:
        if not os.read(inlet, 4096):
            loop.remove_reader(inlet)
            end.set()

    try:
        loop.add_reader(inlet, read)
    except PermissionError:
        raise SettingsError("--exit-on-stdin-close: standard input is not a pipe that its parent holds open") from None
