"""An ingest in shards, each by a process of its own, to GeoParquet: how work beyond one process scales.

Starting the processes, with all that each of them imports, and closing the ingest are on the clock: whoever ingests
this way pays for them in every run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest_bench.arms.base import ArmKind, ArmSpec, SpecFetcher
from ingest_bench.arms.ingest_arm import make as make_plain
from ingest_bench.arms.layouts import ITEM_FILES
from stac_ingest.context import WorkflowContext
from stac_ingest.sources.kind import KINDS

if TYPE_CHECKING:
    from stac_ingest.pipeline import Modifier

SHARDS = 8
"""Whatever the number of jobs: only how many run at once is to differ between levels."""

LATE = {
    name: (
        *(f"multiprocessing.{module}" for module in ("popen_fork", "popen_spawn_posix", "resource_tracker")),
        *("multiprocessing.synchronize", "runpy", "stac_ingest.sharding.local_runner", "stac_ingest.core.terms"),
        str(KINDS[name].splitter).partition(":")[0],
    )
    for name in ("json_files", "geoparquet")
}
"""What starting a process imports, and cutting the source; what the processes import is theirs, and on the clock."""


class ShardedFetcher(SpecFetcher):
    """Delivers by itself, so many shards at once: what it ingests is written by the processes that read it."""

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:
        """Yield the items of the source as one shard reads them, where memory is traced in one process."""
        async for item in make_plain(ArmSpec("ingest", self._spec.layout, self._spec.source)).fetch(context):
            self.summary.items += 1
            yield item

    async def deliver(self, modifiers: Sequence[Modifier], folder: Path) -> None:
        """Write all items to `folder`."""
        from stac_ingest.sharding.local_runner import run_all  # noqa: PLC0415 - loads Arrow; preloaded
        from stac_ingest.sharding.settings import ShardedIngest  # noqa: PLC0415 - likewise

        settings = ShardedIngest.parse(
            {"source": self._spec.source, "output": str(folder), "shards": SHARDS, "jobs": self._spec.concurrency}
        )
        certificate = await asyncio.to_thread(run_all, settings, modifiers=modifiers)
        self.summary.items = certificate.items
        self.summary.duplicates = certificate.duplicates
        self.summary.notes.extend(certificate.notes)


ARM = ArmKind(
    name="sharded",
    description="an ingest in shards, each by a process of its own, to GeoParquet",
    make=ShardedFetcher,
    reads=(*ITEM_FILES, "geoparquet"),
    preload=LATE,
    writes="geoparquet",
)
