"""What checkpoints cost by themselves: recording every item of a corpus.

No item is read: its id is the name of its file.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ingest_bench.arms.base import ArmKind, ArmSpec
from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.context import WorkflowContext
from stac_ingest.summary import IngestSummary

BATCH = 1_000
"""Items recorded at once: as many as an output of lines writes before it marks them."""

_NOTHING: tuple[dict[str, Any], ...] = ()


class Recorded:
    """Yields nothing; records every item in a new checkpoint, to the last flush."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take the folder of item files."""
        # What a checkpoint imports when it first writes must not be imported while the clock runs.
        with TemporaryDirectory() as folder:
            record(["one"], folder)
        self._source = spec.source
        self._kept = TemporaryDirectory()
        self.folder = self._kept.name
        self.ids: list[str] = []
        self.summary = IngestSummary()

    async def prepare(self) -> None:
        """List the ids."""
        self.ids = item_ids(Path(self._source))

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:  # noqa: ARG002 - nothing can fail
        """Record all of them."""
        self.summary = IngestSummary(items=self.work(self.ids, self.folder))
        for item in _NOTHING:
            yield item

    def work(self, ids: Sequence[str], folder: str) -> int:
        """Do what is measured, and give how many items it dealt with."""
        return record(ids, folder)


def item_ids(folder: Path) -> list[str]:
    """List the ids of a corpus of item files."""
    return sorted(path.stem for path in folder.glob("*.json"))


def record(ids: Sequence[str], folder: str) -> int:
    """Record items as an output does, and give how many a checkpoint then holds."""
    with CheckpointManager("checkpoint", "items", folder) as checkpoint:
        for start in range(0, len(ids), BATCH):
            checkpoint.mark_all_completed([(name, f"{folder}/{name}.json") for name in ids[start : start + BATCH]])
        return checkpoint.completed_count


ARM = ArmKind(
    name="checkpoint",
    description="records every item in a new checkpoint, and reads none",
    make=Recorded,
    reads=("item_files",),
    delivers=False,
    max_concurrency=1,
)
