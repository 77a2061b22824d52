"""A source that tells little of its changes: all of it is read, and compared with what is held.

Files of a store or a web server have versions. Where all of them have those of the last run, nothing is read.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from stac_ingest.module import IngestModule
from stac_ingest.sources import lies_in_store
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.detectors.base import Last
from stac_ingest.sync.plan import Covered, SyncPlan, Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.stored_state import stored_state

_STATE = "state"


class WholeDetector:
    """Plans one task, which reads everything, or none."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._config = settings.config
        self._verify = settings.verify

    async def plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:  # noqa: ARG002 - little is remembered
        """Plan to read all, or nothing where a store or a web server says that no file has changed.

        Raises:
            ConfigurationError: there are no items where the settings point.
            DataProcessingError: the store can't be asked.

        """
        summary, state = IngestSummary(), None
        if lies_in_store(self._config):
            progress("asking for the versions of the files", 0)
            state = await asyncio.to_thread(stored_state, self._config, summary)
        remembered = {} if state is None else {_STATE: state}
        generation = last.generation + 1
        is_known = last.started_at is not None and not last.unsettled and not self._verify
        if is_known and state is not None and state == last.remembered.get(_STATE):
            note = "the files have the names, the sizes and the versions that they had in the last run: none is read"
            return SyncPlan(
                generation=generation,
                detector="whole",
                tasks=[],
                remembered=remembered,
                requests=summary.requests,
                notes=[*summary.notes, note],
            )
        IngestModule(self._config)  # checks that the source is there
        everything = Covered(undated=True)
        task = Task(number=0, reader="items", what={}, covers=[everything])
        return SyncPlan(generation=generation, detector="whole", tasks=[task], remembered=remembered)
