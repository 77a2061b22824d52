"""An ingest in shards, each by a process of its own, to GeoParquet: how work beyond one process scales.

Starting the processes, with all that each of them imports, and closing the ingest are on the clock: whoever ingests
this way pays for them in every run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ingest_bench.arms.base import ArmSpec
from ingest_bench.arms.ingest_arm import make as make_plain
from stac_ingest.context import WorkflowContext
from stac_ingest.pipeline import Modifier
from stac_ingest.sharding.runner import run_all
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.summary import IngestSummary

SHARDS = 8
"""Whatever the number of jobs: only how many run at once is to differ between levels."""

LATE = (
    *(f"multiprocessing.{name}" for name in ("popen_fork", "popen_spawn_posix", "resource_tracker", "synchronize")),
    "runpy",
)
"""What starting a process imports, which must not be while the clock runs; and so must the reader of a kind."""
READERS = {"item_files": "files", "items_directory": "files", "geoparquet": "tables"}


class ShardedFetcher:
    """Delivers by itself: what it ingests is written by the processes that read it."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take the source; the concurrency is how many shards run at once."""
        for name in (*LATE, f"stac_ingest.sharding.{READERS[spec.kind]}"):
            import_module(name)
        self._spec = spec
        self.summary = IngestSummary(strategy="sharded", concurrency=spec.concurrency)

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:
        """Yield the items of the source as one shard reads them, where memory is traced in one process."""
        async for item in make_plain(ArmSpec("ingest", self._spec.kind, self._spec.source)).fetch(context):
            self.summary.items += 1
            yield item

    async def deliver(self, modifiers: Sequence[Modifier], folder: Path) -> None:
        """Write all items to `folder`."""
        settings = ShardedIngest.parse(
            {"source": self._spec.source, "output": str(folder), "shards": SHARDS, "jobs": self._spec.concurrency}
        )
        certificate = await asyncio.to_thread(run_all, settings, modifiers=modifiers)
        self.summary.items = certificate.items
        self.summary.duplicates = certificate.duplicates
        self.summary.notes.extend(certificate.notes)


def make(spec: ArmSpec) -> ShardedFetcher:
    """Set up the fetcher."""
    return ShardedFetcher(spec)
