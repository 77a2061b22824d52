"""What checkpoints cost by themselves: recording every item of a corpus, or opening what was recorded.

No item is read: its id is the name of its file.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ingest_bench.arms.base import CHECKPOINT_REOPENED, ArmSpec
from stac_ingest.checkpoints import CheckpointManager
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
        self._folder = TemporaryDirectory()
        self._ids: list[str] = []
        self.summary = IngestSummary()

    async def prepare(self) -> None:
        """List the ids."""
        self._ids = item_ids(Path(self._source))

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:  # noqa: ARG002 - nothing can fail
        """Record all of them."""
        self.summary = IngestSummary(items=self._work(self._ids))
        for item in _NOTHING:
            yield item

    def _work(self, ids: Sequence[str]) -> int:
        return record(ids, self._folder.name)


class Reopened(Recorded):
    """Yields nothing; opens the checkpoint of a run that has completed every item."""

    async def prepare(self) -> None:
        """Make that checkpoint."""
        await super().prepare()
        record(self._ids, self._folder.name)

    def _work(self, ids: Sequence[str]) -> int:
        with CheckpointManager("checkpoint", "items", self._folder.name) as opened:
            return sum(map(opened.is_completed, ids))


def item_ids(folder: Path) -> list[str]:
    """List the ids of a corpus of item files."""
    return sorted(path.stem for path in folder.glob("*.json"))


def record(ids: Sequence[str], folder: str) -> int:
    """Record items as an output does, and give how many a checkpoint then holds."""
    with CheckpointManager("checkpoint", "items", folder) as checkpoint:
        for start in range(0, len(ids), BATCH):
            checkpoint.mark_all_completed([(name, f"{folder}/{name}.json") for name in ids[start : start + BATCH]])
        return checkpoint.completed_count


def make(spec: ArmSpec) -> Recorded:
    """Set up the fetcher."""
    return Reopened(spec) if spec.fetcher == CHECKPOINT_REOPENED else Recorded(spec)
