"""The filter of a run, made once of its settings and asked for every item."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from stac_ingest.api.intervals import Interval
from stac_ingest.core.model import Batch, Item, Reject
from stac_ingest.filters.boxes import Box, box_of
from stac_ingest.filters.query import Condition
from stac_ingest.filters.times import span_of
from stac_ingest.summary import IngestSummary

Decode = Callable[[Batch, Reject], Iterator[Item]]


class ItemFilter:
    """Says which items are wanted, as a STAC API's search does.

    Attributes:
        box: that an item's geometry must reach into.
        interval: of time that an item must touch; both are closed.
        collection: that an item must be of, unless it says none.

    """

    def __init__(
        self, box: Box | None, interval: Interval | None, collection: str | None, conditions: list[Condition]
    ) -> None:
        self.box = box
        self.interval = interval
        self.collection = collection
        self._tests: list[Callable[[Item], bool]] = [*conditions]
        if interval is not None:
            self._tests.append(self._time_test(interval))
        if box is not None:
            self._tests.append(self._box_test(box))
        self._other: Any = None
        self._any_of_collection = False
        self._no_collection = self._no_time = self._no_place = self._upside_down = 0

    def matches(self, item: Item) -> bool:
        """Say whether an item is wanted."""
        collection = item.get("collection")
        if self.collection is not None and collection != self.collection and collection is not None:
            self._other = collection
            return False
        self._any_of_collection = True
        for test in self._tests:
            if not test(item):
                return False
        if self.collection is not None and collection is None:
            self._no_collection += 1
        return True

    def decoding(self, decode: Decode, summary: IngestSummary) -> Decode:
        """Give a decoder that yields only the items that are wanted, and counts the others in the summary."""
        matches = self.matches

        def decode_wanted(batch: Batch, reject: Reject) -> Iterator[Item]:
            for item in decode(batch, reject):
                if matches(item):
                    yield item
                else:
                    summary.filtered += 1

        return decode_wanted

    def describe(self, summary: IngestSummary) -> None:
        """Note how many items couldn't be judged by what they hold, and what was done with them."""
        if self._other is not None and not self._any_of_collection:
            summary.note(f"no item is of collection {self.collection!r:.80}; there are items of {self._other!r:.80}")
        if self._no_collection:
            summary.note(
                f"{self._no_collection} items say no collection; they were kept, since nothing says that they are of "
                f"another than {self.collection!r:.80}"
            )
        if self._no_time:
            summary.note(f"{self._no_time} items have no time that can be read; `datetime` left them out")
        if self._no_place:
            summary.note(f"{self._no_place} items have no geometry; `bbox` left them out")
        if self._upside_down:
            summary.note(
                f"{self._upside_down} items have a bbox whose south is north of its north; `bbox` left them out"
            )

    def _time_test(self, interval: Interval) -> Callable[[Item], bool]:
        start, end = interval

        def touches(item: Item) -> bool:
            span = span_of(item)
            if span is None:
                self._no_time += 1
                return False
            return (end is None or span[0] <= end) and (start is None or span[1] >= start)

        return touches

    def _box_test(self, box: Box) -> Callable[[Item], bool]:
        from stac_ingest.filters.geometries import box_test  # noqa: PLC0415 - only a box needs GEOS

        test = box_test(box)

        def reaches(item: Item) -> bool:
            answer = test(item)
            if answer is None:
                self._no_place += 1
            elif not answer and (own := box_of(item.get("bbox"))) is not None and not own.overlaps(box):
                self._upside_down += own.south > own.north
            return bool(answer)

        return reaches
