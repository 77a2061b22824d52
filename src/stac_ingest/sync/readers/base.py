"""What every reader of tasks is, and what it hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from stac_ingest.core.model import Item
from stac_ingest.sync.api.marks import Marks
from stac_ingest.sync.plan import Task
from stac_ingest.sync.progress import Progress


class Sink(Protocol):
    """Takes what a task reads."""

    def item(self, item: Item, origin: int = 0) -> None:
        """Take a whole item; `origin` is the number of the file that it is in, 0 where it is in none.

        Raises:
            DataProcessingError: it can't be written.

        """

    def seen(self, collection: str, item_id: str) -> None:
        """Take the id of an item that the source has and that isn't read."""

    def wanted(self, collection: str, item_id: str) -> bool:
        """Tell whether an item that is known by its id is not held yet, so that it has to be read."""


@runtime_checkable
class MarkedSink(Marks, Sink, Protocol):
    """A sink that keeps the place in a list of ids, so that a killed task goes on from there."""


@dataclass
class Outcome:
    """How the reading of a task ended."""

    problems: list[str] = field(default_factory=list)
    """Why not all of it could be read, in words; then the task covers nothing."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """What of it could not be used: what it is, such as an id or a file, and why. A held item of that key or origin is
    not gone; the run is not complete."""
    requests: dict[str, int] = field(default_factory=dict)
    """Requests by their kind, such as `items` and `ids`."""
    notes: list[str] = field(default_factory=list)
    spared: list[int] = field(default_factory=list)
    """Numbers of the files that failures are in: what is held of them is not gone."""
    unchanged: list[int] = field(default_factory=list)
    """Numbers of the documents that were not read, since they have the version of the last run: what is held of them is
    not gone."""
    unversioned: int = 0
    """Documents that were read, and of which nothing tells whether they will have changed."""
    unverified: list[str] = field(default_factory=list)
    """What the task could not tell of the source, in words, as in a `SyncPlan`."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read."""
        return not self.problems and not self.failures

    @property
    def tells_gone(self) -> bool:
        """Whether what it covers, and has not seen, is gone: all of it was read but for files that are `spared`."""
        return not self.problems and (not self.failures or bool(self.spared))


class TaskReader(Protocol):
    """Reads the tasks of one kind."""

    async def read(self, task: Task, sink: Sink, progress: Progress) -> Outcome:
        """Read a task, and hand on what is read.

        Raises:
            ConfigurationError: the source isn't there any more.

        """
