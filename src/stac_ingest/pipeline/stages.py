"""What the stages of a pipeline are: fetchers, modifiers and outputs, of single items and of batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from stac_ingest.core.model import Item
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.errors import ItemError

if TYPE_CHECKING:
    from stac_ingest.context import WorkflowContext


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


@runtime_checkable
class RowFetcher(Protocol):
    """A fetcher that can give its items in batches."""

    def fetch_rows(self, context: WorkflowContext, *, as_lines: AsLines) -> AsyncIterator[Rows]:
        """Yield items; `as_lines` says that lines of JSON are wanted. The rest is as of `Fetcher.fetch`."""


@runtime_checkable
class RowOutput(Output, Protocol):
    """An output that takes items in batches."""

    as_lines: AsLines
    """Whether it writes lines of JSON."""

    async def bundle_rows(self, rows: Rows) -> Sequence[tuple[Item, ItemError]]:
        """Take some items, and return those that can't be written, with the reason. Any other error ends the run."""


@runtime_checkable
class RowModifier(Modifier, Protocol):
    """A modifier that can change items in batches."""

    def modify_rows(self, rows: Rows, context: WorkflowContext) -> Rows | None:
        """Return the changed items, without those that are to be dropped; None where they have to be looked at singly.

        The result is what `modify` makes of each.
        """


def is_kept_in_step(stage: object, together: str, singly: str) -> bool:
    """Whether a stage's method for batches is meant to do what its method for single items does.

    A class that inherits the one and overrides the other alone has changed what happens to an item.
    """
    defining = [name for kind in type(stage).__mro__ for name in (together, singly) if name in vars(kind)]
    return defining[:1] == [together] or together in vars(type(stage))
