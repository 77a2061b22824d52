"""An ingest in shards, each by a process of its own, to GeoParquet: how work beyond one process scales.

Starting the processes, with all that each of them imports, and closing the ingest are on the clock: whoever ingests
this way pays for them in every run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest_bench.arms.base import ArmKind, ArmSpec
from ingest_bench.arms.ingest_arm import make as make_plain
from ingest_bench.arms.layouts import ITEM_FILES
from stac_ingest.context import WorkflowContext
from stac_ingest.sources.kind import KINDS
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from stac_ingest.pipeline import Modifier

SHARDS = 8
"""Whatever the number of jobs: only how many run at once is to differ between levels."""

LATE = (
    *(f"multiprocessing.{name}" for name in ("popen_fork", "popen_spawn_posix", "resource_tracker", "synchronize")),
    "runpy",
)
"""What starting a process imports."""


class ShardedFetcher:
    """Delivers by itself: what it ingests is written by the processes that read it."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take the source; the concurrency is how many shards run at once."""
        self._spec = spec
        self.summary = IngestSummary(strategy="sharded", concurrency=spec.concurrency)

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:
        """Yield the items of the source as one shard reads them, where memory is traced in one process."""
        async for item in make_plain(ArmSpec("ingest", self._spec.layout, self._spec.source)).fetch(context):
            self.summary.items += 1
            yield item

    async def deliver(self, modifiers: Sequence[Modifier], folder: Path) -> None:
        """Write all items to `folder`."""
        from stac_ingest.sharding.local_runner import run_all  # noqa: PLC0415 - loads Arrow; imported before the clock
        from stac_ingest.sharding.settings import ShardedIngest  # noqa: PLC0415 - by `late`

        settings = ShardedIngest.parse(
            {"source": self._spec.source, "output": str(folder), "shards": SHARDS, "jobs": self._spec.concurrency}
        )
        certificate = await asyncio.to_thread(run_all, settings, modifiers=modifiers)
        self.summary.items = certificate.items
        self.summary.duplicates = certificate.duplicates
        self.summary.notes.extend(certificate.notes)


def late(spec: ArmSpec) -> tuple[str, ...]:
    """Name what this process imports for a layout; what its processes import is theirs, and on the clock."""
    splitter, _, _ = str(KINDS[spec.lies.section.name].splitter).partition(":")
    return (*LATE, "stac_ingest.sharding.local_runner", splitter)


ARM = ArmKind(
    name="sharded",
    description="an ingest in shards, each by a process of its own, to GeoParquet",
    make=ShardedFetcher,
    reads=(*ITEM_FILES, "geoparquet"),
    preload=late,
    writes="geoparquet",
)
