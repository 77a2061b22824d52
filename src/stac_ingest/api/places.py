"""The places of an API: where a cursor stands, which numbered pages and which stretches of time have come.

Of a chunk of time that is being walked, all that lies before its last item in the order of the pages has come, as long
as the pages are seen to be in an order of time. So a run that is killed is behind by pages, and not by chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from stac_ingest.api.chunks import Chunk
from stac_ingest.api.intervals import MILLISECOND, Interval, parse_instant
from stac_ingest.api.links import Request
from stac_ingest.api.stretches import left_of, united
from stac_ingest.api.urls import holds_credentials, same_origin
from stac_ingest.sources.base import Item, Payload, Place

if TYPE_CHECKING:
    from stac_ingest.api.pages import Step
    from stac_ingest.api.planning import Walk


class Track(Protocol):
    """Follows one unit of work, page by page."""

    def place(self, step: Step | None, items: Sequence[Item], *, clean: bool) -> Place | None:
        """Name the place of a page, given how it was come by and the items that it held."""


class PageBatch(list[Payload]):
    """A page, and the track of the unit that it belongs to."""

    def __init__(self, page: Payload, track: Track) -> None:
        super().__init__([page])
        self.track = track


class ApiPlaces:
    """What an earlier run has read of an API.

    Attributes:
        cursor: the request to go on with, where one cursor was walked.
        again: requests whose pages were not sound.

    """

    def __init__(self, known: Sequence[Place], root: str) -> None:
        self._root = root
        self._read = united(filter(None, (_interval(place.get("time")) for place in known)))
        self._pages = {place["page"] for place in known if isinstance(place.get("page"), str)}
        cursors = [request for place in known if (request := self._request(place.get("next"))) is not None]
        self.cursor = cursors[-1] if cursors else None
        again = {r.key.hex(): r for place in known if (r := self._request(place.get("again"))) is not None}
        self.again = [request for key, request in again.items() if key not in self._pages]

    def left_of(self, units: Iterable[Walk | Chunk]) -> Iterator[Walk | Chunk]:
        """Leave out of what is planned the pages and the stretches of time that have been read."""
        for unit in units:
            if isinstance(unit, Chunk):
                for piece in left_of(unit.interval, self._read):
                    yield unit if piece == unit.interval else replace(unit, interval=piece)
            elif unit.alone or unit.request.key.hex() not in self._pages:
                yield unit

    def track(self, unit: Walk | Chunk) -> Track:
        """Begin to follow a unit."""
        if isinstance(unit, Chunk):
            return _Time(unit.interval)
        return _Cursor(self._root) if unit.alone else _Pages(unit.request, onward=unit.onward)

    def _request(self, found: Any) -> Request | None:
        match found:
            case {"method": "GET" | "POST" as method, "url": str(url), "body": dict() | None as body}:
                request = Request(method, url, body=body)
                return request if _can_be_kept(request, self._root) else None
        return None


class _Cursor:
    """One cursor: its place is the next request. A page that isn't sound is noted besides."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._lost = False

    def place(self, step: Step | None, items: Sequence[Item], *, clean: bool) -> Place | None:  # noqa: ARG002 - a Track
        if step is None or step.following is None or not _can_be_kept(step.following, self._root):
            return None
        place = {"next": _as_json(step.following)}
        if not clean:
            self._lost |= not _can_be_kept(step.request, self._root)
            place["again"] = _as_json(step.request)
        return None if self._lost else place


class _Pages:
    """A numbered page; or the last of them with all that follows, which has one place together."""

    def __init__(self, request: Request, *, onward: bool) -> None:
        self._key = request.key.hex()
        self._onward = onward
        self._clean = True

    def place(self, step: Step | None, items: Sequence[Item], *, clean: bool) -> Place | None:  # noqa: ARG002 - a Track
        self._clean &= clean
        whole = not self._onward or (step is not None and step.ended)
        return {"page": self._key} if whole and self._clean else None


class _Time:
    """A chunk of time."""

    def __init__(self, interval: Interval) -> None:
        self._interval = interval
        self._sign = 0
        """1 for oldest first, -1 for newest first, 0 where no page has shown it yet."""
        self._ordered = True
        self._within = True
        """Whether all items lie in the chunk, as they do where the server heeds `datetime`."""
        self._last: int | None = None
        """The instant of the last item."""
        self._noted: int | None = None
        """How far it was noted, once it was."""
        self._clean = self._clean_before = self._all_clean = True

    def place(self, step: Step | None, items: Sequence[Item], *, clean: bool) -> Place | None:
        self._look(items)
        self._clean &= clean
        self._all_clean &= clean
        ended = step is not None and step.ended
        if not self._within:
            return None
        if not self._ordered or not self._sign:
            return _time(self._interval) if ended and self._all_clean else None
        return self._advance(ended=ended)

    def _look(self, items: Sequence[Item]) -> None:
        for item in items:
            first, last = _instants(item)
            self._within &= _lies_in(self._interval, first, last)
            if first is None or first != last:
                self._ordered = False
                continue
            moved = 0 if self._last is None else (first > self._last) - (first < self._last)
            self._sign = self._sign or moved
            self._ordered &= moved in (0, self._sign)
            self._last = first

    def _advance(self, *, ended: bool) -> Place | None:
        """Note what lies between here and where the page before ended; both instants may have more items."""
        assert self._last is not None
        newest_first = self._sign < 0
        near, far = reversed(self._interval) if newest_first else self._interval
        near = near if self._noted is None else self._noted
        to = far if ended else (self._last // MILLISECOND - self._sign * (2 if newest_first else 1)) * MILLISECOND
        if not ended and near is not None and to is not None and (to - near) * self._sign <= 0:
            return None
        # An item at the instant where the page before ended lies in this stretch, so both must be sound.
        sound = self._clean and self._clean_before
        self._clean, self._clean_before, self._noted = True, self._clean, to
        return _time(Interval(to, near) if newest_first else Interval(near, to)) if sound else None


def _instants(item: Item) -> tuple[int | None, int | None]:
    """Read the first and the last instant of an item; None where it has none that can be read."""
    properties = item.get("properties")
    if not isinstance(properties, dict):
        return None, None
    instant = parse_instant(properties.get("datetime"))
    start, end = (parse_instant(properties.get(name)) for name in ("start_datetime", "end_datetime"))
    return (instant, instant) if start is None or end is None else (start, end)


def _lies_in(interval: Interval, first: int | None, last: int | None) -> bool:
    if first is None or last is None:
        return False
    start, end = interval
    return (start is None or last >= start) and (end is None or first <= end)


def _time(interval: Interval) -> Place:
    return {"time": list(interval)}


def _interval(found: Any) -> Interval | None:
    match found:
        case [int() | None as start, int() | None as end] if start is None or end is None or start <= end:
            return Interval(start, end)
    return None


def _can_be_kept(request: Request, root: str) -> bool:
    """Whether a request may lie on a disk: it holds nothing that a server keeps from others, and leads to this one."""
    if request.headers or holds_credentials(request.url):
        return False
    try:
        orjson.dumps([{"next": _as_json(request)}])
    except orjson.JSONEncodeError:
        return False  # nested as deep as it gets
    return same_origin(request.url, root)


def _as_json(request: Request) -> dict[str, Any]:
    return {"method": request.method, "url": request.url, "body": request.body}
