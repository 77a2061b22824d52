"""A sync as the process sees it that plans and starts its jobs."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ingest_bench.workflow.sync_settings import sync_by_jobs
from stac_ingest.errors import ConfigurationError
from stac_ingest.sync.jobs import NextRun
from stac_ingest.sync.lock import check_output, locked_for_jobs
from stac_ingest.sync.manifest_file import read_manifest


class SyncOfWorkflow:
    """The run of a sync that is next to be published.

    Attributes:
        settings: of the sync.
        jobs: that read at the same time; None for as many as there may be.
        state: the hidden folder of what isn't for readers.

    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        """Read settings as they were written.

        Raises:
            ConfigurationError: naming the one that is wrong.

        """
        found = sync_by_jobs(given)
        self.settings, self.jobs = found.settings, found.jobs
        self.state: Path = found.settings.state
        self._next: NextRun | None = None
        self._claim = ExitStack()
        self._is_claimed = False

    def look(self) -> None:
        """Look at what is there, and write nothing.

        Raises:
            ConfigurationError: the output holds something else than the settings ask for, or can't be used.
            DataProcessingError: its manifest can't be read.

        """
        check_output(self.settings)
        self._next = NextRun(self.settings)

    @property
    def run(self) -> str:
        """The number of the run, as its folders are called; in a job, which doesn't look, that of none."""
        return f"{self._next.generation if self._next else 0:08d}"

    def why(self) -> str | None:
        """Return why the plan is to be made; None where it is there."""
        return None if self._next is None else self._next.why

    def claim(self) -> str | None:
        """Keep other syncs out until this process ends.

        Returns:
            A note, the first time: that this goes on with a run that was killed.

        Raises:
            ConfigurationError: another sync is at work, or has ended just now.

        """
        if self._is_claimed or self._next is None:
            return None
        self._claim.enter_context(locked_for_jobs(self.settings))
        atexit.register(self._claim.close)
        self._is_claimed = True
        manifest = read_manifest(self.settings.output)
        if (0 if manifest is None else manifest.generation) + 1 != self._next.generation:
            raise ConfigurationError(f"another sync of {self.settings.output} has just ended; start this one again")
        plan = self._next.plan
        return plan.going_on if plan is not None and self._next.why is None else None
