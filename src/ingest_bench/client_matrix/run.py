"""Runs the behaviours against the clients."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from ingest_bench.client_matrix.clients import CLIENTS, LIMIT, OWN
from ingest_bench.client_matrix.table import table
from ingest_bench.client_matrix.trial import Trial, run_trial
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.simulator.faults.registry import BEHAVIOURS, make, with_default
from ingest_bench.simulator.item_store import open_store
from stac_ingest.core.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest_bench.simulator.item_store import Store

ITEMS = 240
OFF_MACHINE = frozenset({"next-internal", "redirect-internal"})
"""Would send even a correct client to an address that isn't this machine's. Only the tests, which check that none is
contacted, use them."""
_SHARED = {
    **dict.fromkeys(["too-many", "too-many-date", "too-many-plain", "bad-gateway", "unavailable"], "{}@0.25"),
    **dict.fromkeys(["gateway-timeout", "truncated-body", "reset"], "{}@0.25"),
    **dict.fromkeys(["stall", "slow-drip"], "{}@0.2"),
}
"""Shares of the behaviours that would delay a client that waits correctly on every page."""


def run_matrix(output: Path, names: Sequence[str] = ()) -> None:
    """Run the behaviours, with a line of progress on a terminal, and write the table.

    Args:
        output: the file, Markdown.
        names: of the behaviours; all that stay on this machine when there are none.

    Raises:
        SettingsError: there is no such behaviour.

    """
    make(names)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        build("hostile", Corpus(kind="api", items=ITEMS), 0, corpus, Path(folder) / "manifest.json", 1)
        store = open_store(corpus)
        results = asyncio.run(_run(store, pairs(names or [name for name in BEHAVIOURS if name not in OFF_MACHINE])))
        ids = [store.item(index)["id"] for index in range(len(store))]
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, table(results, ids, ceil(ITEMS / LIMIT)).encode(), sync="nothing")


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return what is run: behaviours as `NAME[=VALUE][@SHARE]`, each with every client that it may be run against.

    Clients of others are not run against a behaviour that is kept for one's own.
    """
    return [
        (_SHARED.get(name, "{}").format(with_default(BEHAVIOURS[name])), client)
        for name in names
        for client in CLIENTS
        if client == OWN or not BEHAVIOURS[name].own_client_only
    ]


async def _run(store: Store, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Trial]:
    running = asyncio.Semaphore(max(1, os.cpu_count() or 1))
    done = 0

    async def one(behaviour: str, client: str) -> Trial:
        nonlocal done
        async with running:
            trial = await run_trial(store, behaviour, client)
        done += 1
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{done} of {len(keys)}: {behaviour} against {client}")
        return trial

    async with asyncio.TaskGroup() as group:
        tasks = {key: group.create_task(one(*key)) for key in keys}
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    return {key: task.result() for key, task in tasks.items()}
