"""One of the two sides that are compared: read, and judged as to whether all of it could be."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing

from stac_ingest.audit.inventories.base import Inventory
from stac_ingest.changes import ChangeCollector
from stac_ingest.completeness import completeness_report
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.id_set import Deliveries, Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.failures import FailureCollector
from stac_ingest.module import IngestModule
from stac_ingest.pipeline import Modifier, PipelineResult

Counted = Callable[[int], None]
"""Told how many items were read so far."""
_TOLD_EVERY = 500
_QUIET = logging.getLogger("stac_ingest.audit")


class Side:
    """What is read of a side.

    Attributes:
        name: what it is called in messages.
        items: how many were read, each once.
        problems: why not all of it could be read, in words; empty where it could.
        unreadable: whether reading it ended by an error.
        notes: remarks on how it was read.
        repeated: how many items came again.

    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.items = self.repeated = 0
        self.problems: list[str] = []
        self.unreadable = False
        self.notes: list[str] = []

    @property
    def is_whole(self) -> bool:
        """Whether all of it could be read."""
        return not self.problems

    async def read(
        self,
        config: IngestConfig,
        counted: Counted,
        repeated: Callable[[Key], None] = lambda _: None,
        modifiers: Sequence[Modifier] = (),
        *,
        deliveries: Deliveries | None = None,
    ) -> AsyncGenerator[Item]:
        """Yield the items of a source, each once. What goes wrong is among the problems in the end.

        Args:
            config: what to read.
            counted: see `Counted`.
            repeated: told of each item that comes again.
            modifiers: what was done to the items that the output holds.
            deliveries: tells which items came before, where the caller knows.

        Raises:
            ConfigurationError: there are no items where the settings point.

        """
        failures = FailureCollector()
        context = WorkflowContext(
            logger=_QUIET,
            failure_collector=failures,
            changes=RepeatedItems(self._again_then(repeated)),
            deliveries=deliveries,
        )
        module = IngestModule(config)
        try:
            async with aclosing(module.fetch(context)) as stream:
                async for item in stream:
                    changed = _modified(item, modifiers, context) if modifiers else item
                    if changed is None:
                        continue
                    self._count(counted)
                    yield changed
        except ConfigurationError:
            raise
        except IngestError as error:
            self.unreadable = True
            self.problems.append(str(error))
        self._judge(config, module, failures)

    def keys(self, inventory: Inventory, counted: Counted) -> Iterator[Key]:
        """Yield the keys of an inventory, as often as they are there."""
        for key in inventory.keys(self._failed):
            self._count(counted)
            yield key
        if inventory.passed_over:
            what = (
                "objects that don't belong to an item" if inventory.has_keys else "entries that don't belong to an item"
            )
            self.notes.append(f"{inventory.passed_over:,} {what} were passed over")

    def _judge(self, config: IngestConfig, module: IngestModule, failures: FailureCollector) -> None:
        summary = module.summary
        self.notes += summary.notes
        for failure in failures.get_all():
            self._failed(failure.item_id, failure.error)
        if self.unreadable or failures.get_all():
            return
        result = PipelineResult(fetched=summary.items)
        report = completeness_report(config, config.collection_id, summary, result, failures=0)
        if report.verdict == "truncated":
            self.problems.append(report.reason)
        elif report.verdict == "unknown":
            self.notes.append("the server doesn't count its items, so it isn't known whether all came")

    def _failed(self, what: str, why: str) -> None:
        self.problems.append(f"{what}: {why}")

    def _count(self, counted: Counted) -> None:
        self.items += 1
        if self.items % _TOLD_EVERY == 0:
            counted(self.items)

    def _again_then(self, repeated: Callable[[Key], None]) -> Callable[[Key], None]:
        def again(key: Key) -> None:
            self.repeated += 1
            repeated(key)

        return again


class RepeatedItems(ChangeCollector):
    """Names each item that comes again, and keeps nothing else."""

    def __init__(self, repeated: Callable[[Key], None]) -> None:
        """Take what is told of each."""
        super().__init__()
        self._tell = repeated

    def add(self, item: Item, member: str, what: str) -> None:
        """Pass over a change of a value: both sides are read in the same way."""

    def add_repeated(self, item: Item) -> None:
        """Name an item that comes again."""
        self._tell(key_of(item))


def _modified(item: Item, modifiers: Sequence[Modifier], context: WorkflowContext) -> Item | None:
    """Change an item as a run does; None where it isn't to be there, or can't be changed, which is a failure then."""
    changed: Item | None = item
    try:
        for modifier in modifiers:
            changed = None if changed is None else modifier.modify(changed, context)
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - as in a run, a modifier's faults concern one item
        context.failure_collector.add(key_of(item)[1], error, "transform")
        return None
    return changed
