"""What opening the checkpoint of a run costs that has completed every item of a corpus. No item is read."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.arms.base import ArmKind
from ingest_bench.arms.checkpoint_arm import Recorded, record
from stac_ingest.checkpoints.manager import CheckpointManager


class Reopened(Recorded):
    """Yields nothing; opens the checkpoint and asks it about every item."""

    async def prepare(self) -> None:
        """Make that checkpoint."""
        await super().prepare()
        record(self.ids, self.folder)

    def work(self, ids: Sequence[str], folder: str) -> int:
        """Open the checkpoint, and give how many items it says are done."""
        with CheckpointManager("checkpoint", "items", folder) as opened:
            return sum(map(opened.is_completed, ids))


ARM = ArmKind(
    name="checkpoint_reopened",
    description="opens the checkpoint of a run that has completed every item, and reads none",
    make=Reopened,
    reads=("item_files",),
    delivers=False,
    max_concurrency=1,
)
