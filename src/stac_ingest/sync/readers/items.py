"""A source that is read whole, in the way of an ingest."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from stac_ingest.completeness import completeness_report
from stac_ingest.context import WorkflowContext
from stac_ingest.core.model import Item
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.failures import FailureCollector
from stac_ingest.module import IngestModule
from stac_ingest.pipeline import PipelineResult
from stac_ingest.sync.plan import Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.readers.base import Outcome, Sink
from stac_ingest.sync.settings import SyncSettings

_QUIET = logging.getLogger("stac_ingest.sync")
_TOLD_EVERY = 500
_UNCOUNTED = "the source doesn't count its items, so it isn't known whether all came"


class ItemsReader:
    """Reads all that the settings of the ingest ask for."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._config = settings.config

    async def read(self, task: Task, sink: Sink, progress: Progress) -> Outcome:  # noqa: ARG002 - there is one task
        """Read the source. Where it ends by an error, what came until then is handed on.

        Raises:
            ConfigurationError: there are no items where the settings point.

        """
        outcome = Outcome()
        context = WorkflowContext(logger=_QUIET, failure_collector=FailureCollector())
        module = IngestModule(self._config)
        try:
            await _hand_on(module.fetch(context), sink, progress)
        except ConfigurationError:
            raise
        except IngestError as error:
            outcome.problems.append(str(error))
        outcome.failures += [(one.item_id, one.error) for one in context.failure_collector.get_all()]
        self._judge(module, outcome)
        return outcome

    def _judge(self, module: IngestModule, outcome: Outcome) -> None:
        summary = module.summary
        outcome.notes += summary.notes
        if summary.requests:
            outcome.requests["items"] = summary.requests
        if outcome.problems or outcome.failures:
            return
        result = PipelineResult(fetched=summary.items)
        report = completeness_report(self._config, self._config.collection_id, summary, result, failures=0)
        if report.verdict == "truncated":
            outcome.problems.append(report.reason)
        elif report.verdict == "unknown":
            outcome.unverified.append(_UNCOUNTED)
        if summary.duplicates:
            outcome.notes.append(
                f"left out {counted(summary.duplicates, 'duplicate')}; the first copy of each was kept"
            )


async def _hand_on(items: AsyncGenerator[Item], sink: Sink, progress: Progress) -> None:
    count = 0
    async with aclosing(items) as stream:
        async for item in stream:
            sink.item(item)
            count += 1
            if count % _TOLD_EVERY == 0:
                progress("reading", count)
