"""Files read and parsed by worker processes, which send the items back.

Starting the workers is on the clock: whoever ingests this way pays for it in every run. They import nothing by
themselves, since a fork has all that this process has.
"""

from __future__ import annotations

import asyncio

# These two are what starting a worker would import while the clock runs.
import multiprocessing.popen_fork
import multiprocessing.synchronize
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.arms.base import ArmKind, ArmSpec, json_files
from ingest_bench.arms.layouts import ITEM_FILES
from ingest_bench.system.process_lifetime import die_with_parent
from stac_ingest.context import WorkflowContext
from stac_ingest.summary import IngestSummary

CHUNK = 64
"""Files a task: enough that handing over a task costs little beside the work."""

_Loaded = tuple[list[dict[str, Any]], list[tuple[str, str]], int]


class ProcessPoolFetcher:
    """Keeps at most two chunks a worker under way."""

    def __init__(self, spec: ArmSpec) -> None:
        self._spec = spec
        self.summary = IngestSummary(strategy="process_pool", concurrency=spec.concurrency)

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:
        """Yield the items; a file that can't be read is a failure."""
        loop = asyncio.get_running_loop()
        chunks = _chunks(json_files(self._spec)[: self._spec.max_items])
        # Forked, since this process has no threads yet and a fork starts in a few milliseconds.
        with ProcessPoolExecutor(
            self._spec.concurrency, multiprocessing.get_context("fork"), initializer=die_with_parent
        ) as pool:
            under_way = deque(
                loop.run_in_executor(pool, _load, chunk) for chunk in islice(chunks, 2 * self._spec.concurrency)
            )
            try:
                while under_way:
                    loaded = await under_way.popleft()
                    under_way.extend(loop.run_in_executor(pool, _load, chunk) for chunk in islice(chunks, 1))
                    for item in self._counted(loaded, context):
                        yield item
            finally:
                for future in under_way:
                    future.cancel()

    def _counted(self, loaded: _Loaded, context: WorkflowContext) -> list[dict[str, Any]]:
        found, broken, size = loaded
        for origin, message in broken:
            context.failure_collector.add(origin, message, "ingest")
        self.summary.items += len(found)
        self.summary.failures += len(broken)
        self.summary.bytes_read += size
        return found


def _chunks(files: list[Path]) -> Iterator[list[str]]:
    names = map(str, files)
    while chunk := list(islice(names, CHUNK)):
        yield chunk


def _load(names: list[str]) -> _Loaded:
    found: list[dict[str, Any]] = []
    broken: list[tuple[str, str]] = []
    size = 0
    for name in names:
        try:
            data = Path(name).read_bytes()
            found.append(orjson.loads(data))
        except (OSError, ValueError) as error:
            broken.append((name, str(error)))
        else:
            size += len(data)
    return found, broken, size


ARM = ArmKind(
    name="process_pool",
    description="reads and parses files in worker processes",
    make=ProcessPoolFetcher,
    reads=ITEM_FILES,
    role="processes",
)
