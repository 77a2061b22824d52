"""What checkpoints cost by themselves: recording every item of a corpus.

No item is read: its id is the name of its file.
"""

from collections.abc import Sequence
from tempfile import TemporaryDirectory

from ingest_bench.arms.base import ArmKind, ArmSpec, WithoutItems, json_files
from stac_ingest.checkpoints.manager import CheckpointManager

BATCH = 1_000
"""Items recorded at once: as many as an output of lines writes before it marks them."""


class CheckpointWrite(WithoutItems):
    """Records every item in a new checkpoint, to the last flush."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take the folder of item files."""
        super().__init__()
        # What a checkpoint imports when it first writes must not be imported while the clock runs.
        with TemporaryDirectory() as folder:
            record(["one"], folder)
        self._spec = spec
        self._kept = TemporaryDirectory()
        self._folder = self._kept.name
        self._ids: list[str] = []

    async def prepare(self) -> None:
        """List the ids."""
        self._ids = [path.stem for path in json_files(self._spec)]

    async def _work(self) -> None:
        self.summary.items = record(self._ids, self._folder)


def record(ids: Sequence[str], folder: str) -> int:
    """Record items as an output does, and give how many a checkpoint then holds."""
    with CheckpointManager("checkpoint", "items", folder) as checkpoint:
        for start in range(0, len(ids), BATCH):
            checkpoint.mark_all_completed([(name, f"{folder}/{name}.json") for name in ids[start : start + BATCH]])
        return checkpoint.completed_count


ARM = ArmKind(
    name="checkpoint",
    description="records every item in a new checkpoint, and reads none",
    make=CheckpointWrite,
    reads=("item_files",),
    delivers=False,
    max_concurrency=1,
)
