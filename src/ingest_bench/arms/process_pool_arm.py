"""Files read and parsed by worker processes, which send the items back.

Starting the workers is on the clock: whoever ingests this way pays for it in every run. They import nothing by
themselves, since a fork has all that this process has.
"""

import asyncio

# These two are what starting a worker would import while the clock runs.
import multiprocessing.popen_fork
import multiprocessing.synchronize  # noqa: F401 - see above
import os
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.arms.base import ArmKind, SpecFetcher, in_order, json_files
from ingest_bench.arms.layouts import ITEM_FILES
from ingest_bench.system.process_lifetime import die_with_parent
from stac_ingest.context import WorkflowContext

CHUNK = 64
"""Files a task: enough that handing over a task costs little beside the work."""

_Loaded = tuple[list[dict[str, Any]], list[tuple[str, str]], int]


class ProcessPoolFetcher(SpecFetcher):
    """Keeps at most two chunks a worker under way."""

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:
        """Yield the items; a file that can't be read is a failure."""
        loop, workers = asyncio.get_running_loop(), self._spec.concurrency
        names = [str(path) for path in json_files(self._spec)[: self._spec.max_items]]
        # Forked, since this process has no threads yet and a fork starts in a few milliseconds.
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, fork, initializer=die_with_parent, initargs=(os.getpid(),)) as pool:
            chunks = (names[start : start + CHUNK] for start in range(0, len(names), CHUNK))
            loading = (loop.run_in_executor(pool, _load, chunk) for chunk in chunks)
            async with aclosing(in_order(loading, 2 * workers)) as results:
                async for items, broken, size in results:
                    for origin, message in broken:
                        self._failed(context, origin, message)
                    self.summary.items += len(items)
                    self.summary.bytes_read += size
                    for item in items:
                        yield item


def _load(names: list[str]) -> _Loaded:
    items: list[dict[str, Any]] = []
    broken: list[tuple[str, str]] = []
    size = 0
    for name in names:
        try:
            data = Path(name).read_bytes()
            items.append(orjson.loads(data))
        except (OSError, ValueError) as error:
            broken.append((name, str(error)))
        else:
            size += len(data)
    return items, broken, size


ARM = ArmKind(
    name="process_pool",
    description="reads and parses files in worker processes",
    make=ProcessPoolFetcher,
    reads=ITEM_FILES,
    role="processes",
)
