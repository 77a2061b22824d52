"""Files read through aiofiles, so many at once.

The JSON is decoded as the package does it (orjson, in the consumer), so that what is measured is aiofiles.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.arms.base import ArmKind, ArmSpec, json_files
from ingest_bench.arms.layouts import ITEM_FILES
from stac_ingest.context import WorkflowContext
from stac_ingest.summary import IngestSummary


class AiofilesFetcher:
    """Keeps `concurrency` files under way and yields their items in the order of the files."""

    def __init__(self, spec: ArmSpec) -> None:
        import aiofiles  # noqa: PLC0415 - only this arm needs it

        self._open = aiofiles.open
        self._spec = spec
        self.summary = IngestSummary(strategy="aiofiles", concurrency=spec.concurrency)

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:
        """Yield the items; a file that can't be read is a failure."""
        files = islice(json_files(self._spec), self._spec.max_items)
        under_way = deque(
            (path, asyncio.create_task(self._read(path))) for path in islice(files, self._spec.concurrency)
        )
        try:
            while under_way:
                path, task = under_way.popleft()
                try:
                    data = await task
                    item = orjson.loads(data)
                except (OSError, ValueError) as error:
                    context.failure_collector.add(str(path), error, "ingest")
                    self.summary.failures += 1
                    item = None
                under_way.extend((later, asyncio.create_task(self._read(later))) for later in islice(files, 1))
                if item is not None:
                    self.summary.items += 1
                    self.summary.bytes_read += len(data)
                    yield item
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    async def _read(self, path: Path) -> bytes:
        async with self._open(path, "rb") as stream:
            return await stream.read()


ARM = ArmKind(
    name="aiofiles",
    description="reads files through aiofiles",
    make=AiofilesFetcher,
    reads=ITEM_FILES,
)
