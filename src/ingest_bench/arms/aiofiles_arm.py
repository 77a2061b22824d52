"""Files read through aiofiles, so many at once.

The JSON is decoded as the package does it (orjson, in the consumer), so that what is measured is aiofiles.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.arms.base import ArmKind, ArmSpec, SpecFetcher, in_order, json_files
from ingest_bench.arms.layouts import ITEM_FILES
from stac_ingest.context import WorkflowContext


class AiofilesFetcher(SpecFetcher):
    """Keeps `concurrency` files under way and yields their items in the order of the files."""

    def __init__(self, spec: ArmSpec) -> None:
        super().__init__(spec)
        import aiofiles  # noqa: PLC0415 - only this arm needs it

        self._open = aiofiles.open

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:
        """Yield the items; a file that can't be read is a failure."""
        files = json_files(self._spec)[: self._spec.max_items]
        reading = (asyncio.create_task(self._read(path)) for path in files)
        async with aclosing(in_order(reading, self._spec.concurrency)) as results:
            async for path, data in results:
                try:
                    if isinstance(data, OSError):
                        raise data
                    item = orjson.loads(data)
                except (OSError, ValueError) as error:
                    self._failed(context, path, error)
                    continue
                self.summary.items += 1
                self.summary.bytes_read += len(data)
                yield item

    async def _read(self, path: Path) -> tuple[Path, bytes | OSError]:
        try:
            async with self._open(path, "rb") as stream:
                return path, await stream.read()
        except OSError as error:
            return path, error


ARM = ArmKind(
    name="aiofiles",
    description="reads files through aiofiles",
    make=AiofilesFetcher,
    reads=ITEM_FILES,
)
