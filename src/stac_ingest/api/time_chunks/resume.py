"""Which stretches of time an earlier run has read of an API, and which this one reads.

Of a chunk of time that is being read, all that lies before its last item in the order of the pages was received, as
long as its items are seen to be in an order of time. So a run that is killed is behind by pages, and not by chunks.
That order is only seen, never promised: a resumed run has to compare its items with the server's count in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from stac_ingest.api.intervals import MILLISECOND, Interval, merge, parse_instant, remaining
from stac_ingest.api.time_chunks.splitting import Chunk
from stac_ingest.core.model import Item, Position

Times = tuple[int | None, int | None]
"""The first and the last instant of an item, in microseconds since 1970; None where it has none that can be read."""


def item_times(item: Item) -> Times:
    """Read the first and the last instant of an item."""
    properties = item.get("properties")
    if not isinstance(properties, dict):
        return None, None
    start, end = properties.get("start_datetime"), properties.get("end_datetime")
    if start is not None and end is not None:
        first, last = parse_instant(start), parse_instant(end)
        if first is not None and last is not None:
            return first, last
    instant = parse_instant(properties.get("datetime"))
    return instant, instant


class TimesRead:
    """The stretches of time that an earlier run has read."""

    def __init__(self, known: Sequence[Position]) -> None:
        self._read = merge(filter(None, (_interval(position.get("time")) for position in known)))

    def remaining(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """List the chunks without what has been read."""
        for chunk in chunks:
            for piece in remaining(chunk.interval, self._read):
                yield chunk if piece == chunk.interval else replace(chunk, interval=piece)


class ChunkProgress:
    """How far a chunk was read, followed page by page."""

    def __init__(self, interval: Interval) -> None:
        self._interval = interval
        self._sign = 0
        """1 for oldest first, -1 for newest first, 0 where no item has shown it yet."""
        self._ordered = True
        self._within = True
        """Whether all items lie in the chunk, as they do where the server heeds `datetime`."""
        self._last: int | None = None
        """The instant of the last item."""
        self._noted: int | None = None
        """How far it was noted, once it was."""
        self._all_clean = self._clean_before = True
        self._bad: int | None = None
        """The last instant at which something may have failed."""

    def advance(self, times: Sequence[Times], *, ended: bool, clean: bool) -> Position | None:
        """Return the stretch of time that a page completes; None where it completes none.

        Args:
            times: those of the page's items; see `item_times`.
            ended: whether it is the last one, as the server says.
            clean: whether nothing on it failed.

        """
        for first, last in times:
            self._observe(first, last)
        if not (clean and self._clean_before):
            # What failed on the page before may be as late as the last item of this one.
            self._bad = self._last
        self._clean_before = clean
        self._all_clean &= clean
        # Then the server ignores `datetime`, and its items say nothing about the chunk.
        if not self._within:
            return None
        if not self._ordered or not self._sign:
            return _time(self._interval) if ended and self._all_clean else None
        return self._step(ended=ended)

    def _observe(self, first: int | None, last: int | None) -> None:
        self._within &= _lies_in(self._interval, first, last)
        if first is None or first != last:
            self._ordered = False
            return
        moved = 0 if self._last is None else (first > self._last) - (first < self._last)
        self._sign = self._sign or moved
        self._ordered &= moved in (0, self._sign)
        self._last = first

    def _step(self, *, ended: bool) -> Position | None:
        """Note what lies between here and where the page before ended; both instants may have more items."""
        assert self._last is not None
        newest_first = self._sign < 0
        near, far = reversed(self._interval) if newest_first else self._interval
        near = near if self._noted is None else self._noted
        to = far if ended else (self._last // MILLISECOND - self._sign * (2 if newest_first else 1)) * MILLISECOND
        # Not past an instant that it has reached already, because several pages may share one.
        if not ended and near is not None and to is not None and (to - near) * self._sign <= 0:
            return None
        self._noted = to
        sound = self._bad is None or (near is not None and (near - self._bad) * self._sign > 0)
        return _time(Interval(to, near) if newest_first else Interval(near, to)) if sound else None


def _lies_in(interval: Interval, first: int | None, last: int | None) -> bool:
    if first is None or last is None:
        return False
    start, end = interval
    return (start is None or last >= start) and (end is None or first <= end)


def _time(interval: Interval) -> Position:
    return {"time": list(interval)}


def _interval(value: Any) -> Interval | None:
    match value:
        case [int() | None as start, int() | None as end] if start is None or end is None or start <= end:
            return Interval(start, end)
    return None
