"""Values whose types are plain to see, to columns of the types that Arrow would find for them.

Most items have the same members as the one before, and most of their assets are alike. So the values of one member of
all assets become a column together, which is then cut. The types of all values are looked at, so that nothing is lost;
what shares no type is left to others.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from operator import itemgetter
from typing import Any, TypeAlias

import pyarrow as pa

MAX_DEPTH = 24
"""Lists and objects in one another beyond this are JSON: Arrow's files allow 64 levels, and other readers fewer."""
UNLIKE = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError)
"""What Arrow answers where values share no type."""

_NULL = type(None)
_PLAIN = {
    frozenset(): pa.null(),
    frozenset({str}): pa.string(),
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
}
"""The type that Arrow finds for plain values, by what they are in Python."""
_SPARSE = 4
"""Of so many members that objects could have, they have one: then Arrow looks faster for what isn't there."""

_Counts: TypeAlias = Sequence[int]


class UnusualError(Exception):
    """Values share no type, or one that needs a closer look."""


def plain_column(values: Sequence[Any]) -> pa.Array | None:
    """Make a column of texts, of truth values, of numbers, or of nulls; None where the values are something else."""
    kinds = frozenset(map(type, values))
    kind = _PLAIN.get(kinds - {_NULL})
    if kind is None:
        return None
    try:
        if float in kinds and not math.isfinite(sum(filter(None, values))):
            return None
        return pa.array(values, kind)
    except UNLIKE:  # a whole number is too large
        return None


class ObjectColumns:
    """Makes columns.

    Attributes:
        null_members: members of objects that are null; a column has the same for them as for members that aren't there.

    """

    def __init__(self) -> None:
        self.null_members = 0

    def columns(self, values: Sequence[Any], counts: _Counts, depth: int = 0) -> list[pa.Array]:
        """Make columns of some places in items.

        Args:
            values: those of one place after those of another.
            counts: how many each place has.
            depth: of the places within objects and lists.

        Raises:
            UnusualError, UNLIKE: it isn't known how to make a column that holds all values of one.

        """
        kinds = set(map(type, values))
        if len(kinds) == 1 and depth < MAX_DEPTH:
            if dict in kinds:
                return self._objects(values, counts, depth + 1)
            if list in kinds:
                return self._lists(values, counts, depth + 1)
        if len(kinds) == 1 and _NULL not in kinds:
            column = plain_column(values)
            if column is None:
                raise UnusualError
            return _cut(column, counts)
        return [self._column(part, depth) for part in _parts(values, counts)]

    def _column(self, values: Sequence[Any], depth: int) -> pa.Array:
        """Make the column of one place, where there are nulls or several types."""
        column = plain_column(values)
        if column is not None:
            return column
        kinds = set(map(type, values)) - {_NULL}
        if depth < MAX_DEPTH and kinds == {dict}:
            return self._unlike_objects(values, depth + 1)
        if depth < MAX_DEPTH and kinds == {list}:
            (made,) = self._lists([value or () for value in values], [len(values)], depth + 1)
            return pa.Array.from_buffers(
                made.type, len(values), [_validity(values), made.buffers()[1]], children=[made.values]
            )
        raise UnusualError

    def _objects(self, objects: Sequence[dict[str, Any]], counts: _Counts, depth: int) -> list[pa.Array]:
        """Make columns of objects, where those of each place have the same members."""
        parts = _parts(objects, counts)
        names = [list(part[0]) if part else [] for part in parts]
        if any(sum(map(len, part)) != len(part) * len(own) for part, own in zip(parts, names, strict=True)):
            return [self._column(part, depth - 1) for part in parts]
        members: list[tuple[str, list[int], list[Any]]] = []
        for name in dict.fromkeys(chain.from_iterable(names)):
            places = [place for place, own in enumerate(names) if name in own]
            held = objects if len(places) == len(parts) else chain.from_iterable(parts[place] for place in places)
            get: Any = itemgetter(name)
            try:
                members.append((name, places, list(map(get, held))))
            except KeyError:
                return [self._column(part, depth - 1) for part in parts]
        made: dict[tuple[int, str], pa.Array] = {}
        nested = [member for member in members if type(member[2][0]) is dict]
        for some in (nested, *([member] for member in members if type(member[2][0]) is not dict)):
            keys = [(place, name) for name, places, _ in some for place in places]
            values = some[0][2] if len(some) == 1 else list(chain.from_iterable(held for _, _, held in some))
            made |= zip(keys, self.columns(values, [counts[place] for place, _ in keys], depth), strict=True)
        self.null_members += sum(column.null_count for column in made.values())
        return [
            _struct({name: made[place, name] for name in own}, counts[place]) if counts[place] else pa.nulls(0)
            for place, own in enumerate(names)
        ]

    def _unlike_objects(self, values: Sequence[dict[str, Any] | None], depth: int) -> pa.Array:
        """Make a column of objects of one place that differ in their members, nulls among them."""
        objects = [value for value in values if value is not None]
        names = list(dict.fromkeys(chain.from_iterable(objects)))
        held = sum(map(len, objects))
        if len(names) * len(objects) > _SPARSE * held:
            raise UnusualError
        members = {}
        for name in names:
            of_all = [None if value is None else value.get(name) for value in values]
            (members[name],) = self.columns(of_all, [len(of_all)], depth)
        self.null_members += held - sum(len(column) - column.null_count for column in members.values())
        return _struct(members, len(values), values if len(objects) < len(values) else ())

    def _lists(self, lists: Sequence[Sequence[Any]], counts: _Counts, depth: int) -> list[pa.Array]:
        parts = [list(map(len, part)) for part in _parts(lists, counts)]
        elements = self.columns(list(chain.from_iterable(lists)), list(map(sum, parts)), depth)
        return [_list(lengths, own) for lengths, own in zip(parts, elements, strict=True)]


def _parts(values: Sequence[Any], counts: _Counts) -> list[Sequence[Any]]:
    """Give the values of each place."""
    if len(counts) == 1:
        return [values]
    return [values[first:last] for first, last in pairwise(accumulate(counts, initial=0))]


def _cut(column: pa.Array, counts: _Counts) -> list[pa.Array]:
    """Give the column of each place; that of none has no type."""
    if len(counts) == 1:
        return [column]
    starts = accumulate(counts, initial=0)
    return [column.slice(start, count) if count else pa.nulls(0) for start, count in zip(starts, counts, strict=False)]


def _struct(members: dict[str, pa.Array], rows: int, values: Sequence[Any] = ()) -> pa.Array:
    """Put a column of objects together, null where a value is None."""
    if not members:
        raise UnusualError
    kind = pa.struct([(name, column.type) for name, column in members.items()])
    return pa.Array.from_buffers(kind, rows, [_validity(values)], children=list(members.values()))


def _list(lengths: Sequence[int], elements: pa.Array) -> pa.Array:
    ends = array("i", accumulate(lengths, initial=0))
    return pa.Array.from_buffers(pa.list_(elements.type), len(lengths), [None, pa.py_buffer(ends)], children=[elements])


def _validity(values: Sequence[Any]) -> pa.Buffer | None:
    if not values:
        return None
    held = pa.array([value is not None for value in values])
    return held.buffers()[1]
