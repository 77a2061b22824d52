"""What stac-manager's ingest does with files today, as the measure of what was gained.

JSON: one file after another, each read by a thread that is waited for; with workers, a task per file behind a
semaphore. Parquet: whole tables as lists of rows, which are not STAC Items where the file is STAC-GeoParquet.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from typing import Any

from ingest_bench.arms.base import ArmKind, ArmSpec, json_files
from ingest_bench.arms.layouts import GEOPARQUET, ITEM_FILES
from stac_ingest.context import WorkflowContext
from stac_ingest.summary import IngestSummary

Item = dict[str, Any]


def make(spec: ArmSpec) -> UpstreamFiles | UpstreamParquet:
    """Set up the reader that fits the corpus."""
    return UpstreamParquet(spec) if spec.lies.section == GEOPARQUET else UpstreamFiles(spec)


class UpstreamFiles:
    """Reads a folder of item files."""

    def __init__(self, spec: ArmSpec) -> None:
        self._spec = spec
        self.summary = IngestSummary(strategy="stac_manager", concurrency=spec.concurrency)

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[Item]:
        """Yield the items; a file that can't be read is skipped with a warning."""
        files = islice(json_files(self._spec), self._spec.max_items)
        loaded = self._in_turn(files, context) if self._spec.concurrency == 1 else self._at_once(files, context)
        async for item in loaded:
            self.summary.items += 1
            yield item

    async def _in_turn(self, files: islice[Path], context: WorkflowContext) -> AsyncIterator[Item]:
        for path in files:
            item = await self._load(path, context)
            if item is not None:
                yield item

    async def _at_once(self, files: islice[Path], context: WorkflowContext) -> AsyncIterator[Item]:
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
            context.failure_collector.add(str(path), error, "ingest")
            self.summary.failures += 1
            return None
        return item


class UpstreamParquet:
    """Reads Parquet files whole, one after another."""

    def __init__(self, spec: ArmSpec) -> None:
        import pyarrow.parquet  # noqa: PLC0415 - files of JSON do without

        self._read_table = pyarrow.parquet.read_table
        self._spec = spec
        self.summary = IngestSummary(strategy="stac_manager")

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[Item]:  # noqa: ARG002 - a fetcher is given it
        """Yield the rows of every file."""
        for path in _parquet_files(Path(self._spec.source)):
            for row in self._read_table(path).to_pylist():
                if self.summary.items == self._spec.max_items:
                    return
                self.summary.items += 1
                yield row


def _parquet_files(source: Path) -> list[Path]:
    return sorted(source.glob("*.parquet")) if source.is_dir() else [source]


def late(spec: ArmSpec) -> tuple[str, ...]:
    """Name what Arrow imports when it first reads a table and makes rows of it."""
    return ("pandas", "pyarrow.dataset", "pyarrow.pandas_compat") if spec.lies.section == GEOPARQUET else ()


ARM = ArmKind(
    name="stac_manager",
    description="what stac-manager's ingest does with files today",
    make=make,
    reads=(*ITEM_FILES, "geoparquet"),
    preload=late,
    max_concurrency={"geoparquet": 1},
)
