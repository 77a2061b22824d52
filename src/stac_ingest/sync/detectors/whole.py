"""A source that tells nothing of its changes: all of it is read, and compared with what is held."""

from __future__ import annotations

from pathlib import Path

from stac_ingest.module import IngestModule
from stac_ingest.sync.detectors.base import Last
from stac_ingest.sync.plan import Covered, SyncPlan, Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.settings import SyncSettings


class WholeDetector:
    """Plans one task, which reads everything."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._config = settings.config

    async def plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:  # noqa: ARG002 - nothing is remembered
        """Plan to read all.

        Raises:
            ConfigurationError: there are no items where the settings point.

        """
        IngestModule(self._config)  # checks that the source is there
        everything = Covered(undated=True)
        task = Task(number=0, reader="items", what={}, covers=[everything])
        return SyncPlan(generation=last.generation + 1, detector="whole", tasks=[task])
