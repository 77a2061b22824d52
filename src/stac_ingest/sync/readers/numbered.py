"""Items with the numbers of the files or documents that they are in, as readers hand them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Batch, Item, Reject
from stac_ingest.core.source import Source
from stac_ingest.core.text import in_words
from stac_ingest.sources import place_of
from stac_ingest.sources.hrefs import absolute_items
from stac_ingest.sources.wanted import filter_of
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.readers.base import Outcome, Sink

_TOLD_EVERY = 500
Decode = Callable[[Batch, Reject], Iterator[Item]]


class NumberedItems:
    """Hands on the items of a task, and notes what of it can't be used.

    Attributes:
        spared: numbers of the files that failures are in.

    """

    def __init__(
        self, config: IngestConfig, summary: IngestSummary, outcome: Outcome, sink: Sink, progress: Progress
    ) -> None:
        """Take what the settings make of items, and who is told of them."""
        self._place = place_of(config) if config.hrefs == "absolute" else None
        self._wanted = filter_of(config)
        self._summary = summary
        self._outcome = outcome
        self._sink = sink
        self._progress = progress
        self._items = 0
        self.spared: set[int] = set()

    def decoding(self, source: Source[Any]) -> Decode:
        """Return how the batches of a source become those of its items that are wanted."""
        decode: Decode = source.decode if self._place is None else absolute_items(source, self._place)
        return decode if self._wanted is None else self._wanted.decoding(decode, self._summary)

    def hand_on(self, decode: Decode, batch: Batch, number: int) -> None:
        """Hand on what is in a file."""
        for item in decode(batch, lambda what, error: self.fail(what, error, number)):
            self._sink.item(item, number)
            self._items += 1
            if self._items % _TOLD_EVERY == 0:
                self._progress("reading", self._items)

    def fail(self, what: str, error: Exception, number: int) -> None:
        """Note that a file, or something in it, can't be used."""
        self._outcome.failures.append((what, in_words(error)))
        self.spared.add(number)
