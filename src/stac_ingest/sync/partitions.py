"""The partitions of an output, by month, by year or by place: the units of merging, repair and publication."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

Scheme = Literal["month", "year", "cell"]

UNDATED = -(2**31)
"""The partition of items without an instant, or without a place."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST, _LAST = (
    (moment - _EPOCH) // dt.timedelta(microseconds=1)
    for moment in (dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC))
)
"""What a calendar can hold, in microseconds since 1970. An offset can put an instant a day outside of it."""
_CELL = 10
"""Degrees of a cell's side."""
_COLUMNS = 360 // _CELL
_ROWS = 180 // _CELL
_NOWHERE = "nowhere"
_NEVER = "undated"


class Partitions:
    """Gives each item the number of its partition, and each partition its folder."""

    def __init__(self, scheme: Scheme) -> None:
        """Choose by what items are told apart: the month or the year of their instant, or a cell of ten degrees."""
        self.scheme = scheme

    def of(self, instant: int | None, center: tuple[float, float] | None) -> int:
        """Return the number of an item's partition.

        Args:
            instant: of the item, in microseconds since 1970; None where it has none.
            center: longitude and latitude in degrees; None where the item has no box and no geometry.

        """
        if self.scheme == "cell":
            return UNDATED if center is None else _cell(*center)
        if instant is None:
            return UNDATED
        moment = _EPOCH + dt.timedelta(microseconds=min(max(instant, _FIRST), _LAST))
        return moment.year if self.scheme == "year" else moment.year * 12 + moment.month - 1

    def folder(self, number: int) -> str:
        """Return the folder of a partition below that of all items, such as `year=2024/month=05`."""
        if number == UNDATED:
            return f"cell={_NOWHERE}" if self.scheme == "cell" else f"year={_NEVER}"
        if self.scheme == "cell":
            row, column = divmod(number, _COLUMNS)
            west, south = column * _CELL - 180, row * _CELL - 90
            return f"cell={'e' if west >= 0 else 'w'}{abs(west):03d}{'n' if south >= 0 else 's'}{abs(south):02d}"
        if self.scheme == "year":
            return f"year={number:04d}"
        return f"year={number // 12:04d}/month={number % 12 + 1:02d}"

    def numbers(self, start: int, before: int) -> Iterator[int]:
        """Yield the partitions of the instants from `start` until `before`, both in microseconds since 1970."""
        if self.scheme == "cell" or start >= before:
            return
        yield from range(self.of(start, None), self.of(before - 1, None) + 1)


def _cell(longitude: float, latitude: float) -> int:
    column = int((longitude + 180) // _CELL) % _COLUMNS
    row = min(max(int((latitude + 90) // _CELL), 0), _ROWS - 1)
    return row * _COLUMNS + column
