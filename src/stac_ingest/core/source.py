"""What every source is: units of work, how to read one, how to decode what was read.

Raw bytes travel, items don't, and they travel in batches: handing over a batch of 64 payloads costs what handing over
one does, and parsed items are more expensive to hold and to move than the bytes they came from.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar, runtime_checkable

from stac_ingest.core.model import Batch, Item, Position, Reject
from stac_ingest.core.rows import AsLines, Rows

Unit = TypeVar("Unit")
T = TypeVar("T")


class Source(Protocol[Unit]):
    """Where items come from.

    A strategy lists the units, reads some of them concurrently, and hands the batches to the consumer, which decodes
    them. A source keeps its per-run state (counts, an open session) between `open` and `close`.
    """

    async def open(self) -> None:
        """Look at the path, or open the session and read the landing page.

        Raises:
            ConfigurationError: there are no items where the settings point.
            DataProcessingError: the source can't be read at all.

        """

    def units(self) -> AsyncIterator[Unit]:
        """List the work. May be lazy: what is learned while reading can still add to it.

        Raises:
            DataProcessingError: the work can't be listed, or is no longer what was planned.

        """

    def read(self, unit: Unit) -> AsyncIterator[Batch]:
        """Read one unit, batch by batch. What can't be read is a payload with an error.

        Raises:
            DataProcessingError: nothing more can be read of the whole source.

        """

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of a batch; call `reject` with what can't be decoded, and continue.

        Raises:
            ConfigurationError, DataProcessingError: the source holds something else than items.

        """

    async def close(self) -> None:
        """Close the session or the files. Called after an error, too."""


@runtime_checkable
class ConsumerPaced(Protocol):
    """A source that waits until its batches were consumed before it decides what else to read."""

    def mark_consumed(self, batch: Batch) -> None:
        """Note that a batch was consumed, and won't be decoded."""


@runtime_checkable
class Partitioned(Protocol):
    """A source that is read in parts that may share items, such as stretches of time that share an edge."""

    def part(self, batch: Batch) -> int:
        """Return the number of the part, from 0 to 2**32 - 1, that a batch is of."""


@runtime_checkable
class Resumable(Protocol):
    """A source that can leave out what an earlier run has delivered."""

    def resume(self, positions: Sequence[Position]) -> None:
        """Leave out these positions, and keep track of further ones. Called before `open`."""

    def listing(self) -> str | None:
        """Return the `list` of the positions that are left out, once the source is open; None where they have none."""

    def position(self, batch: Batch, *, clean: bool) -> Position | None:
        """Return the position of the batch that was decoded last; None where a later run has to look again.

        `clean` says that nothing in it failed: what failed is read again.
        """


@runtime_checkable
class Batched(Protocol):
    """A source whose batches can be handed on whole."""

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Iterable[Rows] | None:
        """Return what `decode` would yield, in the same order, without objects where that can be.

        Args:
            batch: as `read` yielded it.
            as_lines: whether lines of JSON are wanted.

        Returns:
            None where the batch isn't known to come out the same; then it is to be decoded. Nothing is counted or noted
            of it before. What is counted or noted may be so while the result is gone through, as by `decode`.

        """


@asynccontextmanager
async def closing(stream: AsyncIterator[T]) -> AsyncGenerator[AsyncIterator[T]]:
    """Close an iterator at the end of the block, if it can be closed; an async generator's end isn't left to chance."""
    try:
        yield stream
    finally:
        if close := getattr(stream, "aclose", None):
            await close()
