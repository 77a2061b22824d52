"""The server within a process, for who wants to see what it saw."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from ingest_bench.simulator.assembly import Plan
from ingest_bench.simulator.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

    from ingest_bench.simulator.hostile.base import Fault
    from ingest_bench.simulator.store import Store

HOST = "127.0.0.1"
_GRACE_S = 0.1


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Running:
    """A server that runs, and what it was asked."""

    url: str
    faults: list[Fault]
    asked: list[Asked] = field(default_factory=list)

    @property
    def hits(self) -> int:
        """Answers that behaviours changed."""
        return sum(fault.hits for fault in self.faults)

    def reset(self) -> None:
        """Begin anew."""
        self.asked.clear()
        for fault in self.faults:
            fault.reset()


@asynccontextmanager
async def serving(
    store: Store,
    behaviours: Sequence[str] = (),
    *,
    seed: int = 0,
    tls: SSLContext | None = None,
    on_request: Callable[[Asked], None] = lambda _: None,
) -> AsyncIterator[Running]:
    """Serve on loopback, in this event loop, with the behaviours that are named.

    Raises:
        SettingsError: a behaviour can't be used.

    """
    plan = Plan(Options(Path(), behaviours=tuple(behaviours), seed=seed))
    running = Running("", plan.faults)

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = Asked(request.method, request.path_qs, dict(request.headers))
        running.asked.append(asked)
        on_request(asked)
        return await handler(request)

    app = plan.application(store)
    app.middlewares.insert(0, note)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0, ssl_context=tls).start()
        running.url = f"{'https' if tls else 'http'}://{HOST}:{runner.addresses[0][1]}"
        yield running
    finally:
        await runner.cleanup()
