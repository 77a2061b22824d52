"""One client against one behaviour: bounded in time and requests, and judged by what it printed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ingest_bench.client_matrix.clients import TOKEN
from ingest_bench.simulator.in_process import ReceivedRequest, RunningServer, serving

if TYPE_CHECKING:
    from ingest_bench.simulator.item_store import Store

MAX_REQUESTS = 500
"""Over ten times what a correct client needs; one that sends more doesn't stop."""
MAX_S = 60.0
"""From the first request on; a client that waits between its tries may need half of it."""
START_S = 300.0
"""For Python to start and import a client, on a busy machine."""


@dataclass(slots=True)
class Trial:
    """The outcome."""

    delivered: Counter[str] = field(default_factory=Counter)
    end: dict[str, Any] | None = None
    """As the client reports it; None when it was stopped, or crashed."""
    requests: int = 0
    endless: bool = False
    """Stopped after too many requests."""
    late: bool = False
    """Stopped after too long a time."""
    leaked: bool = False
    """Whether the source's token was sent to another origin."""


async def run_trial(store: Store, behaviour: str, client: str) -> Trial:
    """Return the outcome of one client against a server with one behaviour.

    Args:
        store: the items that the server holds.
        behaviour: as `NAME[=VALUE][@SHARE]`.
        client: its name in `CLIENTS`.

    """
    trial = Trial()
    started, too_many = asyncio.Event(), asyncio.Event()

    def count(_: ReceivedRequest) -> None:
        started.set()
        trial.requests += 1
        if trial.requests > MAX_REQUESTS:
            too_many.set()

    async with serving(store, [behaviour], seed=1, on_request=count) as server:
        command = [sys.executable, "-m", "ingest_bench.client_matrix.clients", client, server.url, store.collection_id]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=2**20
        )
        reading = asyncio.create_task(_read(process, trial))
        stopping = asyncio.create_task(too_many.wait())
        starting = asyncio.create_task(started.wait())
        await asyncio.wait({reading, starting}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({reading, stopping}, timeout=MAX_S, return_when=asyncio.FIRST_COMPLETED)
        trial.endless, trial.late = stopping in done, not done
        if process.returncode is None:
            process.kill()
        await process.wait()
        stopping.cancel()
        starting.cancel()
        await reading
        trial.leaked = _leaked(server)
    return trial


async def _read(process: asyncio.subprocess.Process, trial: Trial) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        try:
            printed = json.loads(line)
        except ValueError:
            return  # it was stopped while it printed a line
        if isinstance(printed, dict):
            trial.end = printed
            return
        trial.delivered[printed] += 1


def _leaked(server: RunningServer) -> bool:
    home = urlsplit(server.url).netloc
    elsewhere = [request.headers for request in server.received if request.headers["Host"] != home]
    return any(TOKEN in headers.get("Authorization", "") for headers in elsewhere)
