"""What stac-manager's ingest does with files today, as the measure of what was gained.

JSON: one file after another, each read by a thread that is waited for; with workers, a task per file behind a
semaphore. Parquet: whole tables as lists of rows, which are not STAC Items where the file is STAC-GeoParquet.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ingest_bench.arms.base import ArmKind, SpecFetcher, json_files
from ingest_bench.arms.layouts import GEOPARQUET, ITEM_FILES
from stac_ingest.context import WorkflowContext

Item = dict[str, Any]


class Upstream(SpecFetcher):
    """Reads a folder of item files, or Parquet files."""

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[Item]:
        """Yield the items, or rows; an item file that can't be read is skipped with a warning."""
        if self._spec.lies.section == GEOPARQUET:
            loaded = self._rows()
        else:
            files = json_files(self._spec)[: self._spec.max_items]
            loaded = self._in_turn(files, context) if self._spec.concurrency == 1 else self._at_once(files, context)
        async for item in loaded:
            self.summary.items += 1
            yield item

    async def _in_turn(self, files: list[Path], context: WorkflowContext) -> AsyncIterator[Item]:
        for path in files:
            item = await self._load(path, context)
            if item is not None:
                yield item

    async def _at_once(self, files: list[Path], context: WorkflowContext) -> AsyncIterator[Item]:
        gate = asyncio.Semaphore(self._spec.concurrency)

        async def load(path: Path) -> Item | None:
            async with gate:
                return await self._load(path, context)

        tasks = [asyncio.create_task(load(path)) for path in files]
        try:
            for done in asyncio.as_completed(tasks):
                item = await done
                if item is not None:
                    yield item
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _load(self, path: Path, context: WorkflowContext) -> Item | None:
        try:
            item: Item = json.loads(await asyncio.to_thread(path.read_text, encoding="utf-8"))
        except (OSError, ValueError) as error:
            context.logger.warning("skipped %s: %s", path, error)
            self._failed(context, path, error)
            return None
        return item

    async def _rows(self) -> AsyncIterator[Item]:
        """Read Parquet files whole, one after another."""
        import pyarrow.parquet  # noqa: PLC0415 - files of JSON do without

        for path in _parquet_files(Path(self._spec.source)):
            for row in pyarrow.parquet.read_table(path).to_pylist():
                if self.summary.items == self._spec.max_items:
                    return
                yield row


def _parquet_files(source: Path) -> list[Path]:
    return sorted(source.glob("*.parquet")) if source.is_dir() else [source]


ARM = ArmKind(
    name="stac_manager",
    description="what stac-manager's ingest does with files today",
    make=Upstream,
    reads=(*ITEM_FILES, "geoparquet"),
    # What Arrow imports when it first reads a table and makes rows of it.
    preload={"geoparquet": ("pyarrow.parquet", "pandas", "pyarrow.dataset", "pyarrow.pandas_compat")},
    max_concurrency={"geoparquet": 1},
)
