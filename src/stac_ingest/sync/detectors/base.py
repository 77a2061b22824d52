"""What every detector is: it looks at the source and at what is held, and plans what has to be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from stac_ingest.sync.entries import Entries
from stac_ingest.sync.plan import SyncPlan
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.settings import SyncSettings

__all__ = ["Detector", "DetectorKind", "Last", "Progress"]


@dataclass(frozen=True, kw_only=True)
class Last:
    """What the last run left. Before the first there is none."""

    generation: int = 0
    started_at: int | None = None
    """When it began by this machine's clock, in microseconds since 1970."""
    server_date: int | None = None
    """When it began by the source's clock, the same; look back from here, where it is known."""
    remembered: dict[str, Any] = field(default_factory=dict)
    """What the detector asked to remember in that run."""
    remembered_folder: Path | None = None
    """A folder with the larger memories that the detector wrote in that run; None where it wrote none."""
    unsettled: bool = False
    """Whether that run ended without having read all that it planned; what it was to find is to be looked for again."""

    def held(self) -> Iterator[tuple[int, Entries]]:
        """Yield each partition's number and entries of dtype `HELD`, some at a time, in the order of their keys."""
        return iter(())


class Detector(Protocol):
    """Finds out what has to be read."""

    async def plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:
        """Plan what this run reads. Nothing of the output is written.

        Args:
            last: what the last run left, and what is held.
            memories: an empty folder for what is too large for `SyncPlan.remembered`; it is published with the run.
            progress: told what is done.

        Raises:
            ConfigurationError: there are no items where the settings point.
            DataProcessingError: the source can't be read.

        """


@runtime_checkable
class Settling(Protocol):
    """A detector whose memories depend on how the run has ended."""

    def settle(
        self, plan: SyncPlan, memories: Path, unread: Collection[int], unsure: Collection[int], copies: Path
    ) -> None:
        """Bring the memories into step with what was read and written. To do it twice is fine.

        Args:
            plan: of the run.
            memories: the folder that `plan` wrote to.
            unread: numbers of the tasks that were not read whole.
            unsure: numbers of files of which not all could be used.
            copies: the file of further copies that the run has found, see `copies`.

        Raises:
            OSError: they can't be written.

        """


class DetectorKind(Protocol):
    """Makes a detector."""

    def __call__(self, settings: SyncSettings) -> Detector:
        """Make the detector of a sync."""
