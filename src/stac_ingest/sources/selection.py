"""What is done here of a search: every item that comes is held against it, whatever the server says that it does.

An API that doesn't declare a term is asked without it. One that declares a term and ignores it is found out by the
first item that doesn't fit. Either way such items are left out, counted and noted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from stac_ingest.api.intervals import Interval, parse_instant
from stac_ingest.core.id_set import IdSet, Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.core.text import counted
from stac_ingest.filters.item_filter import missing_ids
from stac_ingest.filters.wanted import Wanted

if TYPE_CHECKING:
    from stac_ingest.summary import IngestSummary

_FLAT, _SOLID = 4, 6
"""Numbers in a bounding box without and with heights."""
_Test = Callable[[Item], str | None]
"""Says in words what an item has that doesn't fit; None where it fits, and "" where nothing tells."""


class Misfit(NamedTuple):
    """What of an item doesn't fit a search."""

    term: str
    actual: str
    """In words; "" where nothing in the item tells whether it fits."""
    key: Key
    owned: bool
    """Whether it is this run's to count."""


class Selection:
    """Says which of the items that came are wanted.

    Attributes:
        filtered_again: items that came again, and were left out before.
        foreign: items that were left out, and are another shard's to count.

    """

    def __init__(
        self,
        wanted: Wanted,
        interval: Interval,
        here: Mapping[str, str],
        summary: IngestSummary,
        *,
        order: Sequence[Mapping[str, str]] | None = None,
        owns: Callable[[Item], bool] | None = None,
    ) -> None:
        """Make the tests.

        Args:
            wanted: what is asked for.
            interval: of time, as the server is asked for it.
            here: the terms that no server is asked for, and why.
            summary: takes the counts and notes.
            order: the fields that the server is asked to sort by.
            owns: says whether an item is this run's to count; None where all are.

        """
        self._order = _Order(order[0]["field"], order[0]["direction"] == "desc") if order else None
        self._here, self._summary, self._owns = here, summary, owns
        self._tests = _tests(wanted, interval)
        self._asked_ids = wanted.ids
        self._missing = set(wanted.ids or ())
        self._ignored: set[str] = set(here)
        """Terms that the server is known not to heed: what can't be told of an item is held against it."""
        self._left_out: Counter[str] = Counter()
        self._first: dict[str, Misfit] = {}
        self._unknown: Counter[str] = Counter()
        self._seen = IdSet()
        self.filtered_again = self.foreign = 0

    def begin_page(self) -> None:
        """Note that the first item of a page comes next."""
        if self._order is not None:
            self._order.last = None

    def judge(self, item: Item) -> Misfit | None:
        """Say what of an item doesn't fit; None where all does. Nothing is counted."""
        if self._order is not None:
            self._order.look(item)
        for term, test in self._tests:
            actual = test(item)
            if actual is not None:
                return Misfit(term, actual, key_of(item), self._owns is None or self._owns(item))
        return None

    @property
    def tracks_ids(self) -> bool:
        """Whether it matters which items fit."""
        return self._asked_ids is not None

    def arrived(self, key: Key) -> None:
        """Take note of an item that fits."""
        self._missing.discard(key[1])

    def admits(self, misfit: Misfit) -> bool:
        """Say whether an item stays though it isn't known to fit: the server has it that it does. Count it."""
        term = misfit.term
        if not misfit.actual:
            self._unknown[term] += 1
            if term not in self._ignored:
                self.arrived(misfit.key)
                return True
        else:
            self._ignored.add(term)
        if self._seen.add(*misfit.key):
            self._first.setdefault(term, misfit)
            self._left_out[term] += 1
            self._summary.filtered += misfit.owned
            self.foreign += not misfit.owned
        else:
            self.filtered_again += 1
        return False

    def counted(self, matched: int, received: int) -> int:
        """Return what a server counts of this run's items, with those that were left out.

        A server that sent more than it counts may count what fits alone: then what was left out comes on top.
        """
        if received > matched:
            matched += sum(count for term, count in self._left_out.items() if term not in self._here)
        return matched - self.foreign

    def describe(self, received: int) -> None:
        """Note what was done here, of so many items that were received."""
        if self._order is not None and self._order.is_broken:
            self._summary.note("the server may ignore `sortby`: items came in another order")
        for term, why in self._here.items():
            if term != "fields":
                self._summary.note(
                    f"{why}: {counted(received, 'item was', 'items were')} read, {self._left_out[term]:,} left out here"
                )
        for term, first in self._first.items():
            if term not in self._here and first.actual:
                self._summary.note(
                    f"the server may ignore `{term}`: it sent item {first.key[1]!r:.80} of {first.actual}; "
                    f"{counted(self._left_out[term], 'such item was', 'such items were')} left out here"
                )
        for term, count in self._unknown.items():
            kept = "left out" if term in self._ignored else "kept, since the server sent them"
            self._summary.note(f"`{term}` can't be checked here for {counted(count, 'item')}: {kept}")
        if self._missing and self._asked_ids is not None and not self._summary.resumed:
            self._summary.note(missing_ids(self._missing, len(self._asked_ids)))


class _Order:
    """Looks whether values follow each other, on a page: of the first field of an order, where they are alike."""

    def __init__(self, name: str, descending: bool) -> None:
        self._name = name.removeprefix("properties.")
        self._descending = descending
        self.last: Any = None
        self.is_broken = False

    def look(self, item: Item) -> None:
        properties = item.get("properties")
        value, last = properties.get(self._name) if isinstance(properties, dict) else None, self.last
        # Texts are sorted in the language of a server's choice.
        if type(value) is str and parse_instant(value) is not None:
            value = parse_instant(value)
        self.last = value if type(value) in (int, float) else None
        if self.last is not None and last is not None and last != value:
            self.is_broken = self.is_broken or (value > last) is self._descending


def _tests(wanted: Wanted, interval: Interval) -> list[tuple[str, _Test]]:
    """Make the tests of what is asked for. Those of the core leave it to the server what lies at an edge."""
    tests: list[tuple[str, _Test]] = []
    if wanted.collections is not None:
        tests.append(("collections", _collection_test(wanted.collections)))
    if interval != (None, None):
        tests.append(("datetime", _time_test(interval)))
    if wanted.box is not None and not wanted.box.crosses:
        tests.append(("bbox", _box_test((wanted.box.west, wanted.box.south, wanted.box.east, wanted.box.north))))
    if (ids := wanted.ids) is not None:
        tests.append(("ids", lambda item: None if item["id"] in ids else "another id"))
    tests += [("query", _answered(condition, "other properties")) for condition in wanted.conditions]
    if wanted.area is not None:
        from stac_ingest.filters.geometries import area_test  # noqa: PLC0415 - only an area needs GEOS

        tests.append(("intersects", _answered(area_test(dict(wanted.area)), "another place")))
    if wanted.expression is not None and wanted.expression.holds is not None:
        tests.append(("filter", _answered(wanted.expression.holds, "other properties")))
    return tests


def _answered(test: Callable[[Item], bool | None], actual: str) -> _Test:
    def answered(item: Item) -> str | None:
        answer = test(item)
        return "" if answer is None else None if answer else actual

    return answered


def _collection_test(wanted: frozenset[str]) -> _Test:
    def is_other(item: Item) -> str | None:
        collection = item.get("collection")
        return None if collection is None or collection in wanted else f"collection {collection!r:.80}"

    return is_other


def _time_test(interval: Interval) -> _Test:
    start, end = interval

    def is_outside(item: Item) -> str | None:
        properties = item.get("properties")
        if not isinstance(properties, dict):
            return None
        instant = parse_instant(properties.get("datetime"))
        first, last = properties.get("start_datetime"), properties.get("end_datetime")
        begins = (parse_instant(first) if first is not None else None) or instant
        ends = (parse_instant(last) if last is not None else None) or instant
        if begins is None or ends is None:
            return None
        before, after = start is not None and max(begins, ends) < start, end is not None and min(begins, ends) > end
        return "another time" if before or after else None

    return is_outside


def _box_test(wanted: tuple[float, float, float, float]) -> _Test:
    west, south, east, north = wanted

    def is_apart(item: Item) -> str | None:
        own = _flat(item.get("bbox"))
        if own is None or not (own[2] < west or own[0] > east or own[3] < south or own[1] > north):
            return None
        return f"bbox {own}"

    return is_apart


def _flat(bbox: Any) -> list[float] | None:
    """West, south, east, north; None for what isn't a box, or crosses the antimeridian and needs more thought."""
    if not isinstance(bbox, list) or not all(isinstance(v, (int, float)) for v in bbox):
        return None
    if len(bbox) == _SOLID:
        bbox = [bbox[0], bbox[1], bbox[3], bbox[4]]
    return bbox if len(bbox) == _FLAT and bbox[0] <= bbox[2] else None
