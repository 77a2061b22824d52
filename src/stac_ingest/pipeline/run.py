"""One run: every item from the fetcher through the modifiers to the output."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stac_ingest.core.collector import collected_now_and_then
from stac_ingest.core.id_set import IdSet, Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.core.rows import ItemRows, Rows
from stac_ingest.core.source import closing
from stac_ingest.errors import ConfigurationError, ItemError
from stac_ingest.failures import of_collection
from stac_ingest.pipeline.result import PipelineResult, Progress
from stac_ingest.pipeline.stages import (
    Bundler,
    Fetcher,
    Modifier,
    Output,
    RowFetcher,
    RowModifier,
    RowOutput,
    is_kept_in_step,
)

if TYPE_CHECKING:
    from stac_ingest.checkpoints.records import Records
    from stac_ingest.context import WorkflowContext

_WAKES_UP = 0.25
"""Seconds after which a run heeds an interruption, whatever it waits for."""


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
        bundler: where items go. An `Output` is started before the first item, and closed after an error too.
        context: shared by the stages. Items that its `checkpoints` have as completed are left out.
        on_progress: called at most every 0.2 seconds with the result so far, and once at the end.
        clock: returns seconds; only differences are used.
        result: filled while the run goes on, to be read after an error; None makes a new one.

    Returns:
        The counts and times of the run. A run with failures of single items returns, too: see `failed`.

    Raises:
        ConfigurationError: a stage's settings can't be used.
        DataProcessingError: the source as a whole, or the output, is at fault. Failures of single items are collected.

    """
    run = _Run(modifiers, bundler, context, result or PipelineResult())
    started = clock()
    with _interruptible():
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
            run.end()
            run.result.seconds = clock() - started
    if on_progress is not None:
        on_progress(run.result)
    return run.result


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have the event loop wake up now and then.

    A SIGINT that another thread gets, or that comes just before the loop begins to wait, wakes nobody: Python looks for
    it when the loop goes on, and a run whose reader has stalled would wait for ever.
    """
    waking = asyncio.create_task(_wake_up())
    try:
        yield
    finally:
        waking.cancel()


async def _wake_up() -> None:
    while True:  # noqa: ASYNC110 - to wake up is all that it does
        await asyncio.sleep(_WAKES_UP)


class _Run:
    """One run's state."""

    def __init__(
        self, modifiers: Sequence[Modifier], bundler: Bundler, context: WorkflowContext, result: PipelineResult
    ) -> None:
        self.result = result
        self.checkpoints: Records | None = getattr(context, "checkpoints", None)
        self._modifiers = list(modifiers)
        self._bundler = bundler
        self._context = context
        self._marks = self.checkpoints is not None and not getattr(bundler, "marks_completed", False)
        self._seen: IdSet | None = None
        self._may_be_done = True
        self._completed_before: int | None = None

    async def drive(
        self, fetcher: Fetcher, clock: Callable[[], float], on_progress: Callable[[PipelineResult], None] | None
    ) -> None:
        """Move every item, adding up the seconds of each stage."""
        if self.checkpoints is not None and not self._marks:
            self._completed_before = self.checkpoints.completed_count
        if self.checkpoints is not None and not getattr(fetcher, "delivers_once", False):
            self._seen = IdSet()
        # Without either, no item of a fetcher that delivers each once can be known yet.
        self._may_be_done = self._seen is not None or (
            self.checkpoints is not None and self.checkpoints.completed_count > 0
        )
        progress = Progress(self.result, clock, on_progress)
        output = self._bundler
        in_step = is_kept_in_step(fetcher, "fetch_rows", "fetch") and is_kept_in_step(output, "bundle_rows", "bundle")
        if in_step and not self._marks and isinstance(fetcher, RowFetcher) and isinstance(output, RowOutput):
            with collected_now_and_then() as collect:
                await self._drive_rows(fetcher, output, progress, collect)
        else:
            await self._drive_items(fetcher, progress)

    async def _drive_items(self, fetcher: Fetcher, progress: Progress) -> None:
        async with closing(fetcher.fetch(self._context)) as stream:
            async for fetched in stream:
                progress.fetched(1)
                item = self._transform(fetched)
                progress.transformed()
                if item is not None:
                    await self._output(item)
                    progress.written()
            progress.fetched(0)

    async def _drive_rows(
        self, fetcher: RowFetcher, output: RowOutput, progress: Progress, collect: Callable[[], None]
    ) -> None:
        async with closing(fetcher.fetch_rows(self._context, as_lines=output.as_lines)) as stream:
            async for fetched in stream:
                progress.fetched(len(fetched.keys))
                rows = self._transform_rows(fetched)
                progress.transformed()
                if rows.keys:
                    failed = await output.bundle_rows(rows)
                    self.result.written += len(rows.keys) - len(failed)
                    for item, error in failed:
                        self._fail(key_of(item), error, "output")
                    progress.written()
                collect()
            progress.fetched(0)

    def _transform_rows(self, rows: Rows) -> Rows:
        """Return the items as they are to be written, without those that are not to be."""
        rows = self._due_rows(rows)
        for number, modifier in enumerate(self._modifiers):
            changed = self._modified_rows(modifier, rows)
            if changed is None:
                singly = (self._modified(item, key, number) for item, key in zip(rows.items(), rows.keys, strict=True))
                return ItemRows.of([item for item in singly if item is not None])
            self.result.dropped += len(rows.keys) - len(changed.keys)
            rows = changed
        return self._unwritten(rows) if self._modifiers else rows

    def _due_rows(self, rows: Rows) -> Rows:
        if not self._may_be_done and all(item_id for _, item_id in rows.keys):
            return rows
        first = self.result.fetched - len(rows.keys) + 1
        due = [n for n, key in enumerate(rows.keys) if self._has_id(key[1], first + n) and self._is_due(key)]
        return rows if len(due) == len(rows.keys) else rows.take(due)

    def _modified_rows(self, modifier: Modifier, rows: Rows) -> Rows | None:
        """Return a batch as a modifier changes it; None where it is to be given the items one by one.

        Raises:
            ConfigurationError: of the modifier; other errors come again with the item that is at fault.

        """
        if not isinstance(modifier, RowModifier) or not is_kept_in_step(modifier, "modify_rows", "modify"):
            return None
        try:
            return modifier.modify_rows(rows, self._context)
        except ConfigurationError:
            raise
        except Exception:  # noqa: BLE001 - foreign code; which item is at fault shows when they come one by one
            return None

    def _unwritten(self, rows: Rows) -> Rows:
        """Return the rows without those to which modifiers gave a collection or id under which they are completed."""
        checkpoints = self.checkpoints
        if checkpoints is None:
            return rows
        kept = [
            number
            for number, (collection, key) in enumerate(rows.keys)
            if not checkpoints.is_completed(key, collection)
        ]
        self.result.skipped += len(rows.keys) - len(kept)
        return rows if len(kept) == len(rows.keys) else rows.take(kept)

    def finish(self, manifest: dict[str, Any]) -> None:
        """Keep the manifest, and correct the counts by items that turned out unfit only when they were written."""
        rejected = manifest.get("rejected", 0)
        self.result.manifest = manifest
        self._completed_before = None
        self.result.written -= rejected
        self.result.failed += rejected

    def end(self) -> None:
        """Count what is written where the output had no end: what it had taken and not yet marked isn't there."""
        if self.checkpoints is not None and self._completed_before is not None:
            self.result.written = self.checkpoints.completed_count - self._completed_before

    def _transform(self, item: Item) -> Item | None:
        """Return the item as it is to be written, or None when it is not to be."""
        if not self._has_id(item.get("id"), self.result.fetched):
            return None
        key = key_of(item)
        return self._modified(item, key) if self._is_due(key) else None

    def _has_id(self, item_id: object, number: int) -> bool:
        """Return whether this can be the id of an item; where it can't, the item of this number has failed."""
        if isinstance(item_id, str) and item_id:
            return True
        self._fail(("", f"item {number}"), ItemError("the item has no id"), "transform")
        return False

    def _modified(self, item: Item, key: Key, first: int = 0) -> Item | None:
        """Return an item as the modifiers from the first on change it; None when it is not to be written.

        Raises:
            ConfigurationError: of a modifier; other errors are failures of the item.

        """
        try:
            for modifier in self._modifiers[first:]:
                changed = modifier.modify(item, self._context)
                if changed is None:
                    self.result.dropped += 1
                    return None
                item = changed
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - a modifier is foreign code; its faults concern one item
            self._fail(key, error, "transform")
            return None
        if self._modifiers and self.checkpoints is not None and self._is_written(item, key, self.checkpoints):
            return None
        return item

    def _is_due(self, key: Key) -> bool:
        """Return whether an item is neither written by an earlier run nor seen before in this one."""
        if self.checkpoints is None:
            return True
        collection, item_id = key
        if self._seen is not None and not self._seen.add(collection, item_id):
            self.result.duplicates += 1
            return False
        if self.checkpoints.is_completed(item_id, collection):
            self.result.skipped += 1
            return False
        return True

    def _is_written(self, item: Item, before: Key, checkpoints: Records) -> bool:
        """Return whether an item that a modifier has given another collection or id is completed under these."""
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
