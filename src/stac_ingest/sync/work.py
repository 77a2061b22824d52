"""The run under way: which file of it has what. A killed run goes on from them."""

from __future__ import annotations

import json
import shutil
import time
from hashlib import sha256
from pathlib import Path

from pydantic import Field, ValidationError

from stac_ingest.core.atomic import write_text
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.plan import Record
from stac_ingest.sync.plan import SyncPlan
from stac_ingest.sync.settings import SyncSettings

WORK, MEMORIES, JOBS = "work", "memories", "jobs"


class RunPlan(Record):
    """The plan of a run, and what it was made with."""

    digest: str = Field(description="of the settings; with others, the plan is made anew")
    started_at: float = Field(description="seconds since 1970, by this machine's clock, before anything was asked")
    plan: SyncPlan
    rebuilt: str | None = Field(
        default=None, description="which indexes it was made with; where one is made anew later, the plan is, too"
    )

    @property
    def going_on(self) -> str:
        """What a run says that goes on with this plan."""
        begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.started_at))
        return f"resuming the run that began at {begun}; later changes come with the next run"


class Work:
    """Names the files of one run.

    Attributes:
        generation: of the run.
        folder: that they are in.
        memories: the folder of what the detector remembers, which stays after the run.

    """

    def __init__(self, settings: SyncSettings, generation: int) -> None:
        self.generation = generation
        self.folder = settings.state / WORK / f"{generation:08d}"
        self.memories = settings.state / MEMORIES / f"{generation:08d}"
        self._digest = digest_of(settings)

    def begin(self) -> None:
        """Make the folders of the run, with nothing in them, and remove those of runs that ended otherwise.

        Raises:
            DataProcessingError: they can't be made.

        """
        try:
            if self.folder.parent.exists():
                shutil.rmtree(self.folder.parent)
            if self.memories.exists():
                shutil.rmtree(self.memories)
            for folder in (self.folder, self.memories):
                folder.mkdir(parents=True)
        except OSError as error:
            raise DataProcessingError(f"can't write to {self.folder}: {error.strerror or error}") from error

    def keep_plan(self, plan: RunPlan) -> None:
        """Write the plan.

        Raises:
            DataProcessingError: it can't be written.

        """
        write_text(self.folder / "plan.json", plan.model_dump_json(indent=1) + "\n")

    def plan(self) -> RunPlan | None:
        """Return the plan of a run that was killed; None where there is none, or it was made with other settings."""
        try:
            found = RunPlan.model_validate_json((self.folder / "plan.json").read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.digest == self._digest and self.memories.is_dir() else None

    def spool(self, task: int) -> Path:
        """Return the path of the texts of a task's items, a line each."""
        return self.folder / f"task-{task}.items.ndjson"

    def found(self, task: int) -> Path:
        """Return the path of a task's `FOUND`, sorted by key."""
        return self.folder / f"task-{task}.found.npy"

    def seen(self, task: int) -> Path:
        """Return the path of a task's `SEEN`, sorted by key."""
        return self.folder / f"task-{task}.seen.npy"

    def listed(self, task: int) -> Path:
        """Return the path of the bare `SEEN` of a task, in the order in which they came."""
        return self.folder / f"task-{task}.listed"

    def mark(self, task: int) -> Path:
        """Return the path of the place where a task that lists ids is."""
        return self.folder / f"task-{task}.mark.json"

    def versions(self, task: int) -> Path:
        """Return the path of the versions of the documents that a task has looked at, in their order."""
        return self.folder / f"task-{task}.versions.arrow"

    def dropped(self, task: int) -> Path:
        """Return the path of the keys of items that a transform left out, as `SEEN`, sorted by key."""
        return self.folder / f"task-{task}.dropped.npy"

    def wanted(self, task: int) -> Path:
        """Return the path of the ids that a task has named as wanted, a line of JSON each."""
        return self.folder / f"task-{task}.wanted.ndjson"

    @property
    def sorted_wanted(self) -> Path:
        """The path of where the ids are that tasks have named as wanted, sorted by key."""
        return self.folder / "sorted-wanted.npy"

    @property
    def named(self) -> Path:
        """The path of the ids that are read after the tasks of the plan, a line of JSON each."""
        return self.folder / "named.ndjson"

    def outcome(self, task: int) -> Path:
        """Return the path of a task's outcome. The task is done where it is there."""
        return self.folder / f"task-{task}.json"

    @property
    def known(self) -> Path:
        """The path of the keys and contents that the output holds, sorted by key."""
        return self.folder / "known.npy"

    @property
    def places(self) -> Path:
        """The path of where all items are that the output holds, sorted by key."""
        return self.folder / "places.npy"

    @property
    def copies(self) -> Path:
        """The path of the copies of items that are in further files of the source, sorted by key."""
        return self.folder / "copies.npy"

    @property
    def resolved(self) -> Path:
        """The path of what the run comes to. It is resolved where that is there."""
        return self.folder / "resolved.json"

    def adds(self, partition: int) -> Path:
        """Return the path of what a partition's merge adds, as `ADDS`, sorted by key."""
        return self.folder / f"merge-{partition}.adds.npy"

    def drops(self, partition: int) -> Path:
        """Return the path of what becomes of rows of a partition, as `DROPS`, sorted by row."""
        return self.folder / f"merge-{partition}.drops.npy"

    def partitions(self) -> list[int]:
        """List the partitions in which the run adds or drops something."""
        names = (path.name for path in self.folder.glob("merge-*.npy"))
        return sorted({int(name.removeprefix("merge-").split(".")[0]) for name in names})

    @property
    def failed(self) -> Path:
        """The path of the keys of all items of the run that can't be written, as `SEEN`, sorted."""
        return self.folder / "failed.npy"

    def journal(self, partition: int) -> Path:
        """Return the path of the lines of the journal that a partition's merge has written."""
        return self.folder / f"journal-{partition}.ndjson"


def digest_of(settings: SyncSettings) -> str:
    """Return a hash of what a run's steps depend on."""
    kept = settings.model_dump(mode="json", exclude={"grace", "copy_to"})
    return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
