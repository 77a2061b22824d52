"""All behaviours against all clients."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from ingest_bench.corpora import build
from ingest_bench.hostile_matrix.clients import CLIENTS, LIMIT
from ingest_bench.hostile_matrix.table import table
from ingest_bench.hostile_matrix.trial import Trial, run_trial
from ingest_bench.settings import Corpus
from ingest_bench.simulator.hostile.registry import BEHAVIOURS, make, shown
from ingest_bench.simulator.store import open_store
from stac_ingest.core.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest_bench.simulator.store import Store

ITEMS = 240
LEAVES = frozenset({"next-internal", "redirect-internal"})
"""Would have clients ask an address that isn't this machine's; only the tests of our own go there, and it doesn't."""
_SHARED = {
    **dict.fromkeys(["too-many", "too-many-date", "too-many-plain", "bad-gateway", "unavailable"], "{}@0.25"),
    **dict.fromkeys(["gateway-timeout", "truncated-body", "reset"], "{}@0.25"),
    **dict.fromkeys(["stall", "slow-drip"], "{}@0.2"),
}
"""Where a client that waits as it should would take its time on every page."""


def run_matrix(output: Path, names: Sequence[str] = ()) -> None:
    """Run it, showing how far it is, and write the table.

    Args:
        output: the file, Markdown.
        names: of the behaviours; all when there are none.

    Raises:
        SettingsError: there is no such behaviour.

    """
    make(names)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        build("hostile", Corpus(kind="api", items=ITEMS), 0, corpus, Path(folder) / "manifest.json", 1)
        store = open_store(corpus)
        results = asyncio.run(_run(store, names or [name for name in BEHAVIOURS if name not in LEAVES]))
        ids = [store.item(place)["id"] for place in range(len(store))]
    write_atomically(output, table(results, ids, ceil(ITEMS / LIMIT)).encode(), sync="nothing")


async def _run(store: Store, names: Sequence[str]) -> dict[tuple[str, str], Trial]:
    behaviours = [_SHARED.get(name, "{}").format(shown(BEHAVIOURS[name])) for name in names]
    keys = [(behaviour, client) for behaviour in behaviours for client in CLIENTS]
    places = asyncio.Semaphore(max(1, os.cpu_count() or 1))
    done = 0

    async def one(behaviour: str, client: str) -> Trial:
        nonlocal done
        async with places:
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
