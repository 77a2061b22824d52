"""The server in this process, with a record of the requests that it received."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from ingest_bench.simulator.faults.base import Fault
from ingest_bench.simulator.item_store import Store
from ingest_bench.simulator.options import Options
from ingest_bench.simulator.server import AppBuilder

HOST = "127.0.0.1"
_GRACE_S = 0.1


class ReceivedRequest(NamedTuple):
    """A request that was received."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class RunningServer:
    """A server that runs, and the requests that it received."""

    url: str
    faults: list[Fault]
    received: list[ReceivedRequest] = field(default_factory=list)
    serve: Callable[[Store], None] = field(default=lambda _: None)
    """Has it serve other items from now on."""
    in_flight: int = 0
    in_flight_peak: int = 0
    """Requests that were under way at once, at most."""

    @property
    def applied(self) -> int:
        """Number of responses that faults have changed since the last reset."""
        return sum(fault.applied for fault in self.faults)

    def reset(self) -> None:
        """Forget the requests, and return every fault to its initial state."""
        self.received.clear()
        for fault in self.faults:
            fault.reset()


@asynccontextmanager
async def serving(
    store: Store,
    behaviours: Sequence[str] = (),
    *,
    seed: int = 0,
    tls: SSLContext | None = None,
    on_request: Callable[[ReceivedRequest], None] = lambda _: None,
    latency_s: float = 0,
) -> AsyncIterator[RunningServer]:
    """Serve on loopback, in this event loop, until the context ends.

    Args:
        store: the items.
        behaviours: as `NAME[=VALUE][@SHARE]`.
        seed: of tokens and shares.
        tls: makes it an HTTPS server.
        on_request: called with each request before it is handled.
        latency_s: seconds that a request waits before it is handled.

    Raises:
        SettingsError: a behaviour can't be used.

    """
    builder = AppBuilder(Options(Path(), behaviours=tuple(behaviours), seed=seed))
    running = RunningServer("", builder.faults)

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        received = ReceivedRequest(request.method, request.path_qs, dict(request.headers))
        running.received.append(received)
        on_request(received)
        running.in_flight += 1
        running.in_flight_peak = max(running.in_flight_peak, running.in_flight)
        try:
            if latency_s:
                await asyncio.sleep(latency_s)
            return await handler(request)
        finally:
            running.in_flight -= 1

    app = builder.build(store)
    running.serve = builder.serve
    app.middlewares.insert(0, note)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0, ssl_context=tls).start()
        running.url = f"{'https' if tls else 'http'}://{HOST}:{runner.addresses[0][1]}"
        yield running
    finally:
        await runner.cleanup()
