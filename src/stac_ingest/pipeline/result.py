"""What a run did, and where its time went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PROGRESS_SECONDS = 0.2
"""How often `on_progress` is called."""


@dataclass(slots=True)
class StageSeconds:
    """Where the time went, in seconds of the run's own clock."""

    ingest: float = 0.0
    """Waiting for the fetcher's next item."""
    transform: float = 0.0
    """In the modifiers."""
    output: float = 0.0
    """In `bundle`, `finalize` and keeping the checkpoint."""


@dataclass(slots=True)
class PipelineResult:
    """What a run did. Also handed to `on_progress` while it runs."""

    fetched: int = 0
    """Items that came from the fetcher."""
    skipped: int = 0
    """Completed already, in an earlier run."""
    duplicates: int = 0
    """Came before in this run, and were left out."""
    dropped: int = 0
    """By a modifier."""
    written: int = 0
    """Items that the output has taken; after an error only those that the checkpoint, if there is one, has as done."""
    failed: int = 0
    """In transform or output; failures of the ingest are the fetcher's to count."""
    seconds: float = 0.0
    """The whole run, by its clock."""
    stages: StageSeconds = field(default_factory=StageSeconds)
    """The same, by stage."""
    manifest: dict[str, Any] = field(default_factory=dict)
    """As the bundler's `finalize` returned it."""


class Progress:
    """Adds up the seconds of each stage, and tells of them now and then."""

    def __init__(
        self,
        result: PipelineResult,
        clock: Callable[[], float],
        report: Callable[[PipelineResult], None] | None,
    ) -> None:
        self._result, self._clock, self._report = result, clock, report
        self._started = self._before = clock()
        self._next = self._before + PROGRESS_SECONDS if report else float("inf")

    def fetched(self, count: int) -> None:
        """Note that items have come."""
        self._result.stages.ingest += self._since()
        self._result.fetched += count

    def transformed(self) -> None:
        """Note that they were transformed."""
        self._result.stages.transform += self._since()
        self._tell()

    def written(self) -> None:
        """Note that they were handed to the output."""
        self._result.stages.output += self._since()
        self._tell()

    def _since(self) -> float:
        before, self._before = self._before, self._clock()
        return self._before - before

    def _tell(self) -> None:
        if self._before >= self._next and self._report:
            self._result.seconds = self._before - self._started
            self._report(self._result)
            self._next = self._before + PROGRESS_SECONDS
