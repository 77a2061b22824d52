"""Ingest, transform, output: items flow one at a time through the stages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from stac_ingest.core.id_set import IdSet, Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.core.source import closing
from stac_ingest.errors import ConfigurationError, ItemError
from stac_ingest.failures import of_collection

if TYPE_CHECKING:
    from stac_ingest.checkpoints.manager import CheckpointManager
    from stac_ingest.context import WorkflowContext

__all__ = ["Bundler", "Fetcher", "Modifier", "Output", "PipelineResult", "StageSeconds", "run_pipeline"]

PROGRESS_SECONDS = 0.2
"""How often `on_progress` is called."""


class Fetcher(Protocol):
    """Originates items.

    One with a true `delivers_once` leaves out what comes twice by itself; for others the pipeline does, where there are
    checkpoints.
    """

    def fetch(self, context: WorkflowContext) -> AsyncIterator[Item]:
        """Yield items; failures of single ones go to `context.failure_collector`.

        Raises:
            ConfigurationError, DataProcessingError: the source as a whole can't be read.

        """


class Modifier(Protocol):
    """Changes one item at a time."""

    def modify(self, item: Item, context: WorkflowContext) -> Item | None:
        """Return the changed item, or None to drop it."""


class Bundler(Protocol):
    """Writes items.

    One with a true `marks_completed` tells `context.checkpoints` itself what is safely written. For others an item
    counts as completed when `bundle` returns.
    """

    async def bundle(self, item: Item, context: WorkflowContext) -> None:
        """Take one item. An `ItemError` concerns this item alone; any other error ends the run."""

    async def finalize(self, context: WorkflowContext) -> dict[str, Any]:
        """Write what remains and return the manifest.

        The pipeline reads `rejected` from it, the number of items that turned out unfit when they were written; outputs
        give `items`, `bytes` and `paths`.

        Raises:
            DataProcessingError: the output can't be written.

        """


@runtime_checkable
class Output(Bundler, Protocol):
    """A bundler with a beginning and an end: it looks at what an earlier run left, and is closed after an error."""

    marks_completed: bool

    async def start(self, context: WorkflowContext) -> None:
        """Open the output; on resume, bring it and the checkpoint into step."""

    async def close(self) -> None:
        """Close all files. What was not finalized stays for a later run to resume."""


@dataclass(slots=True)
class StageSeconds:
    """Where the time went, in seconds of the run's own clock."""

    ingest: float = 0.0
    """Waiting for the fetcher's next item."""
    transform: float = 0.0
    output: float = 0.0
    """In `bundle`, `finalize` and keeping the checkpoint."""


@dataclass(slots=True)
class PipelineResult:
    """What a run did. Also handed to `on_progress` while it runs."""

    fetched: int = 0
    skipped: int = 0
    """Completed already, in an earlier run."""
    duplicates: int = 0
    """Came before in this run, and were left out."""
    dropped: int = 0
    """By a modifier."""
    written: int = 0
    failed: int = 0
    """In transform or output; failures of the ingest are the fetcher's to count."""
    seconds: float = 0.0
    stages: StageSeconds = field(default_factory=StageSeconds)
    manifest: dict[str, Any] = field(default_factory=dict)
    """As the bundler's `finalize` returned it."""


async def run_pipeline(
    fetcher: Fetcher,
    modifiers: Sequence[Modifier],
    bundler: Bundler,
    context: WorkflowContext,
    *,
    on_progress: Callable[[PipelineResult], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    result: PipelineResult | None = None,
) -> PipelineResult:
    """Run all items through the stages.

    Args:
        fetcher: where items come from, in any order.
        modifiers: applied in this order.
        bundler: where items go.
        context: shared by the stages; its `checkpoints`, where it has any, say what to leave out.
        on_progress: called now and then, and at the end.
        clock: in seconds.
        result: filled while the run goes on, to be read after an error.

    Raises:
        ConfigurationError: a stage's settings can't be used.
        DataProcessingError: the source as a whole, or the output, is at fault. Failures of single items are collected.

    """
    run = _Run(modifiers, bundler, context, result or PipelineResult())
    started = clock()
    try:
        if isinstance(bundler, Output):
            await bundler.start(context)
        await run.drive(fetcher, clock, on_progress)
        before_end = clock()
        run.finish(await bundler.finalize(context))
        run.result.stages.output += clock() - before_end
    finally:
        if isinstance(bundler, Output):
            await bundler.close()
        if run.checkpoints is not None:
            await asyncio.to_thread(run.checkpoints.flush)
        run.result.seconds = clock() - started
    if on_progress is not None:
        on_progress(run.result)
    return run.result


class _Run:
    """One run's state."""

    def __init__(
        self, modifiers: Sequence[Modifier], bundler: Bundler, context: WorkflowContext, result: PipelineResult
    ) -> None:
        self.result = result
        self.checkpoints: CheckpointManager | None = getattr(context, "checkpoints", None)
        self._modify = [modifier.modify for modifier in modifiers]
        self._bundler = bundler
        self._context = context
        self._marks = self.checkpoints is not None and not getattr(bundler, "marks_completed", False)
        self._seen: IdSet | None = None

    async def drive(
        self, fetcher: Fetcher, clock: Callable[[], float], on_progress: Callable[[PipelineResult], None] | None
    ) -> None:
        """Move every item, adding up the seconds of each stage."""
        result, stages = self.result, self.result.stages
        if self.checkpoints is not None and not getattr(fetcher, "delivers_once", False):
            self._seen = IdSet()
        started = before = clock()
        next_report = before + PROGRESS_SECONDS if on_progress else float("inf")
        async with closing(fetcher.fetch(self._context)) as stream:
            async for fetched in stream:
                arrived = clock()
                stages.ingest += arrived - before
                result.fetched += 1
                item = self._transform(fetched)
                before = clock()
                stages.transform += before - arrived
                if item is not None:
                    await self._output(item)
                    transformed, before = before, clock()
                    stages.output += before - transformed
                if before >= next_report and on_progress:
                    result.seconds = before - started
                    on_progress(result)
                    next_report = before + PROGRESS_SECONDS
            stages.ingest += clock() - before

    def finish(self, manifest: dict[str, Any]) -> None:
        """Keep the manifest, and correct the counts by items that turned out unfit only when they were written."""
        rejected = manifest.get("rejected", 0)
        self.result.manifest = manifest
        self.result.written -= rejected
        self.result.failed += rejected

    def _transform(self, item: Item) -> Item | None:
        """Give the item as it is to be written, or None when it is not to be."""
        item_id = item.get("id")
        if not isinstance(item_id, str) or not item_id:
            self._fail(("", f"item {self.result.fetched}"), ItemError("the item has no id"), "transform")
            return None
        key = key_of(item)
        if self.checkpoints is not None and not self._is_due(key, self.checkpoints):
            return None
        try:
            for modify in self._modify:
                changed = modify(item, self._context)
                if changed is None:
                    self.result.dropped += 1
                    return None
                item = changed
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - a modifier is foreign code; its faults concern one item
            self._fail(key, error, "transform")
            return None
        if self._modify and self.checkpoints is not None and self._is_written(item, key, self.checkpoints):
            return None
        return item

    def _is_due(self, key: Key, checkpoints: CheckpointManager) -> bool:
        """Whether an item is neither written by an earlier run nor seen before in this one."""
        collection, item_id = key
        if self._seen is not None and not self._seen.add(collection, item_id):
            self.result.duplicates += 1
            return False
        if checkpoints.is_completed(item_id, collection):
            self.result.skipped += 1
            return False
        return True

    def _is_written(self, item: Item, before: Key, checkpoints: CheckpointManager) -> bool:
        """Whether an item that a modifier has given another collection or id is completed under these."""
        collection, item_id = after = key_of(item)
        if after == before or not checkpoints.is_completed(item_id, collection):
            return False
        self.result.skipped += 1
        return True

    async def _output(self, item: Item) -> None:
        try:
            await self._bundler.bundle(item, self._context)
        except ItemError as error:
            self._fail(key_of(item), error, "output")
            return
        self.result.written += 1
        if self.checkpoints is not None and self._marks:
            collection, item_id = key_of(item)
            self.checkpoints.mark_completed(item_id, None, collection)

    def _fail(self, key: Key, error: Exception, stage: str) -> None:
        self.result.failed += 1
        collection, item_id = key
        self._context.failure_collector.add(item_id, error, stage, of_collection(collection))
        if self.checkpoints is not None:
            self.checkpoints.mark_failed(item_id, error, collection)
