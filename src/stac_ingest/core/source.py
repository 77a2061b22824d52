"""What every source is: units of work, how to read one, how to decode what was read.

Raw bytes travel, items don't, and they travel in batches: handing over a batch of 64 payloads costs what handing over
one does, and parsed items are more expensive to hold and to move than the bytes they came from.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from stac_ingest.core.model import Batch, Item, Place, Reject

Unit = TypeVar("Unit")


class Source(Protocol[Unit]):
    """A place that items come from.

    A strategy asks for the units, has some of them read at once, and hands the batches to the consumer, which decodes
    them. A source keeps its per-run state (counts, an open session) between `open` and `close`.
    """

    async def open(self) -> None:
        """Prepare: look at the path, open the session, read the landing page."""

    def units(self) -> AsyncIterator[Unit]:
        """List the work. May be lazy: what is found while reading can still add to it."""

    def read(self, unit: Unit) -> AsyncIterator[Batch]:
        """Read one unit, batch by batch. What can't be read is a payload with an error."""

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Turn a batch into items; report what can't be decoded to `reject` and go on."""

    async def close(self) -> None:
        """Let go of everything, also after an error."""


@runtime_checkable
class Awaiting(Protocol):
    """A source that waits until its batches were taken before it decides what else to read."""

    def skip(self, batch: Batch) -> None:
        """Note that a batch was taken, and won't be decoded."""


@runtime_checkable
class Resumable(Protocol):
    """A source that can leave out what an earlier run has delivered."""

    def go_on(self, places: Sequence[Place]) -> None:
        """Keep track of places from now on, and leave out these. Comes before `open`."""

    def place(self, batch: Batch, *, clean: bool) -> Place | None:
        """Name the place of the batch that was decoded last; None where a later run has to look again.

        Where it isn't `clean`, something in it failed, and is to be read again.
        """
