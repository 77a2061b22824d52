"""What opening the checkpoint of a run costs that has completed every item of a corpus. No item is read."""

from dataclasses import replace

from ingest_bench.arms.checkpoint_arm import ARM as CHECKPOINT_WRITE
from ingest_bench.arms.checkpoint_arm import CheckpointWrite, record
from stac_ingest.checkpoints.manager import CheckpointManager


class CheckpointOpen(CheckpointWrite):
    """Opens the checkpoint and asks it about every item."""

    async def prepare(self) -> None:
        """Make that checkpoint."""
        await super().prepare()
        record(self._ids, self._folder)

    async def _work(self) -> None:
        with CheckpointManager("checkpoint", "items", self._folder) as opened:
            self.summary.items = sum(map(opened.is_completed, self._ids))


ARM = replace(
    CHECKPOINT_WRITE,
    name="checkpoint_reopened",
    description="opens the checkpoint of a run that has completed every item, and reads none",
    make=CheckpointOpen,
)
