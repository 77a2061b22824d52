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

        Args:
            context: what the stages share.

        Returns:
            An async iterator of items, each a dict as JSON has it, in any order.

        Raises:
            ConfigurationError: the settings name a source that isn't there.
            DataProcessingError: the source as a whole can't be read.

        """


class Modifier(Protocol):
    """Changes one item at a time."""

    def modify(self, item: Item, context: WorkflowContext) -> Item | None:
        """Return the changed item.

        Args:
            item: stays as it is, or is changed in place.
            context: what the stages share.

        Returns:
            The item for the next stage; None drops it.

        Raises:
            ItemError: this item can't be changed. It is collected as a failure, and the run goes on.

        """


class Bundler(Protocol):
    """Writes items.

    One with a true `marks_completed` tells `context.checkpoints` itself what is safely written. For others an item
    counts as completed when `bundle` returns.
    """

    async def bundle(self, item: Item, context: WorkflowContext) -> None:
        """Take one item.

        Args:
            item: is not changed by the caller afterwards.
            context: what the stages share.

        Raises:
            ItemError: this item can't be written. It is collected as a failure; any other error ends the run.

        """

    async def finalize(self, context: WorkflowContext) -> dict[str, Any]:
        """Write what remains.

        Args:
            context: what the stages share.

        Returns:
            The manifest. The pipeline reads `rejected` from it, the number of items that turned out unfit when they
            were
            written. Outputs of this package give `items` (a number), `bytes` (a number) and `paths` (a list of str).

        Raises:
            DataProcessingError: the output can't be written.

        """


@runtime_checkable
class Output(Bundler, Protocol):
    """A bundler with a beginning and an end: it looks at what an earlier run left, and is closed after an error."""

    marks_completed: bool

    async def start(self, context: WorkflowContext) -> None:
        """Open the output. On resume, bring it and the checkpoint into step.

        Args:
            context: its `checkpoints` say which items an earlier run has written.

        Raises:
            ConfigurationError: the place can't be used, or holds something else than the checkpoint says.

        """

    async def close(self) -> None:
        """Close all files. What was not finalized stays for a later run to resume."""


@runtime_checkable
class RowFetcher(Protocol):
    """A fetcher that can give its items in batches."""

    def fetch_rows(self, context: WorkflowContext, *, as_lines: AsLines) -> AsyncIterator[Rows]:
        """Yield items in batches.

        Args:
            context: as of `Fetcher.fetch`.
            as_lines: whether lines of JSON are wanted.

        Returns:
            An async iterator of batches of at least one item.

        Raises:
            ConfigurationError: as `Fetcher.fetch` raises it.
            DataProcessingError: as `Fetcher.fetch` raises it.

        """


@runtime_checkable
class RowOutput(Output, Protocol):
    """An output that takes items in batches."""

    as_lines: AsLines
    """Whether it writes lines of JSON."""

    async def bundle_rows(self, rows: Rows) -> Sequence[tuple[Item, ItemError]]:
        """Take a batch of items.

        Args:
            rows: in any of its forms; `as_lines` says which is wanted.

        Returns:
            Each item that can't be written, with the reason. Any other error ends the run.

        Raises:
            DataProcessingError: the output can't be written.

        """


@runtime_checkable
class RowModifier(Modifier, Protocol):
    """A modifier that can change items in batches."""

    def modify_rows(self, rows: Rows, context: WorkflowContext) -> Rows | None:
        """Return the changed items; the result is what `modify` makes of each.

        Args:
            rows: a batch, in any form.
            context: what the stages share.

        Returns:
            The changed batch without the dropped items; None where this form has to be changed item by item.

        Raises:
            ItemError: an item of the batch can't be changed. Then each is given to `modify`.

        """


def is_kept_in_step(stage: object, together: str, singly: str) -> bool:
    """Return whether a stage's method for batches is meant to do what its method for single items does.

    A class that inherits the one and overrides the other alone has changed what happens to an item.

    Args:
        stage: any stage.
        together: the name of the method for batches.
        singly: the name of the method for single items.

    Returns:
        False where the class overrides `singly` alone.

    """
    defining = [name for kind in type(stage).__mro__ for name in (together, singly) if name in vars(kind)]
    return defining[:1] == [together] or together in vars(type(stage))
