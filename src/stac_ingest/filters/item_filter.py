"""The filter of a run, made once of its settings and asked for every item."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from stac_ingest.api.intervals import Interval
from stac_ingest.core.model import Batch, Item, Reject
from stac_ingest.core.text import counted
from stac_ingest.filters.boxes import Box, box_of
from stac_ingest.filters.times import span_of
from stac_ingest.filters.wanted import Expression, Wanted
from stac_ingest.summary import IngestSummary

Decode = Callable[[Batch, Reject], Iterator[Item]]


class ItemFilter:
    """Says which items are wanted, as a STAC API's search does.

    Attributes:
        wanted: what is asked for.
        box: what a wanted item's own box reaches into: the box that is asked for, or that of the area.
        sees_all: whether it sees the whole source, so that an id which it didn't see isn't there.

    """

    sees_all = True

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.box = wanted.box if wanted.area is None else _box_of_area(wanted.area)
        self._tests: list[Callable[[Item], bool | None]] = [*wanted.conditions]
        if wanted.interval is not None:
            self._tests.append(self._time_test(wanted.interval))
        if wanted.expression is not None:
            self._tests.append(self._expression_test(wanted.expression))
        if self.box is not None:
            self._tests.append(self._box_test(self.box) if wanted.area is None else self._area_test(wanted.area))
        self._missing = set(wanted.ids or ())
        self._other: Any = None
        self._any_of_collection = False
        self._no_collection = self._no_time = self._no_place = self._upside_down = self._unknown = 0

    def matches(self, item: Item) -> bool:
        """Say whether an item is wanted."""
        wanted, collection = self.wanted, item.get("collection")
        if wanted.collections is not None and collection is not None and collection not in wanted.collections:
            self._other = collection
            return False
        self._any_of_collection = True
        if wanted.ids is not None:
            item_id = item.get("id")
            if item_id not in wanted.ids:
                return False
            self._missing.discard(item_id)
        for test in self._tests:
            if not test(item):
                return False
        if wanted.collections is not None and collection is None:
            self._no_collection += 1
        return True

    def decoding(self, decode: Decode, summary: IngestSummary) -> Decode:
        """Give a decoder that yields only the items that are wanted, and counts the others in the summary."""
        matches, fields = self.matches, self.wanted.fields
        if fields is not None:
            from stac_ingest.filters.fields import fields_test  # noqa: PLC0415 - few ask for some fields

            with_fields = fields_test(fields)

        def decode_wanted(batch: Batch, reject: Reject) -> Iterator[Item]:
            for item in decode(batch, reject):
                if matches(item):
                    yield item if fields is None else with_fields(item)
                else:
                    summary.filtered += 1

        return decode_wanted

    def describe(self, summary: IngestSummary) -> None:
        """Note how many items couldn't be judged by what they hold, and what was done with them."""
        names = ", ".join(f"{name!r:.80}" for name in sorted(self.wanted.collections or ()))
        if self._other is not None and not self._any_of_collection:
            summary.note(f"no item is of collection {names:.200}; there are items of {self._other!r:.80}")
        if self._no_collection:
            summary.note(
                f"{counted(self._no_collection, 'item names', 'items name')} no collection, and may be of "
                f"{names:.200}: kept"
            )
        if self._no_time:
            summary.note(f"{counted(self._no_time, 'item has', 'items have')} no readable time: left out by `datetime`")
        if self._no_place:
            name = "bbox" if self.wanted.area is None else "intersects"
            summary.note(f"{counted(self._no_place, 'item has', 'items have')} no geometry: left out by `{name}`")
        if self._upside_down:
            summary.note(
                f"{counted(self._upside_down, 'item has', 'items have')} a bbox whose south is north of its north: "
                "left out by `bbox`"
            )
        if self._unknown:
            summary.note(
                f"`filter` is neither true nor false for {counted(self._unknown, 'item')}, which it left out: a "
                "property is missing, or has a value of another type"
            )
        # What an earlier run has read, this one has not seen.
        if self._missing and self.sees_all and not summary.resumed:
            summary.note(missing_ids(self._missing, len(self.wanted.ids or ())))

    def _time_test(self, interval: Interval) -> Callable[[Item], bool]:
        start, end = interval

        def touches(item: Item) -> bool:
            span = span_of(item)
            if span is None:
                self._no_time += 1
                return False
            return (end is None or span[0] <= end) and (start is None or span[1] >= start)

        return touches

    def _expression_test(self, expression: Expression) -> Callable[[Item], bool]:
        predicate = expression.holds
        assert predicate is not None

        def holds(item: Item) -> bool:
            answer = predicate(item)
            self._unknown += answer is None
            return bool(answer)

        return holds

    def _area_test(self, area: Mapping[str, Any]) -> Callable[[Item], bool]:
        from stac_ingest.filters.geometries import area_test  # noqa: PLC0415 - only an area needs GEOS

        test = area_test(dict(area))

        def meets(item: Item) -> bool:
            answer = test(item)
            self._no_place += answer is None
            return bool(answer)

        return meets

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


_NAMED = 20
"""Ids that a note names."""


def missing_ids(missing: Collection[str], asked: int) -> str:
    """Say which ids were asked for and didn't come."""
    named = ", ".join(f"{one!r:.80}" for one in sorted(missing)[:_NAMED])
    more = f", and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
    return f"{len(missing):,} of {counted(asked, 'id')} asked for were not found: {named}{more}"


def _box_of_area(area: Mapping[str, Any]) -> Box:
    from stac_ingest.filters.geometries import bounds_of  # noqa: PLC0415 - as above

    return bounds_of(dict(area))
