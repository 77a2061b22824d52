"""Values of any type to columns: structs and lists where values share a type, and JSON only where they don't.

Arrow finds the type. What it would change in doing so is found out here: a truth value among
floats becomes 1.0, and a null member is the same as a missing one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from stac_ingest.core.finite import may_not_be_finite
from stac_ingest.geoparquet.json_text import JSON, json_column
from stac_ingest.geoparquet.object_columns import MAX_DEPTH, UNLIKE, ObjectColumns, UnusualError
from stac_ingest.geoparquet.scalar_columns import numbers

_Values: TypeAlias = Callable[[], Sequence[Any]]


class _TruthAmongNumbersError(Exception):
    """Arrow has made a number of a truth value."""


class ColumnMaker:
    """Makes columns, and keeps count of what they don't hold.

    Attributes:
        null_members: members of objects that are null; a column has the same for them as for members that aren't there.
        all_finite: whether there is no NaN and no infinity, which JSON doesn't have.

    """

    def __init__(self) -> None:
        self.null_members = 0
        self.all_finite = True

    def column(self, values: Sequence[Any], depth: int = 0) -> pa.Array:
        """Make a column of values.

        Args:
            values: as JSON has them; None is a null.
            depth: of the column within others.

        Raises:
            TypeError, ValueError: a value isn't of the kinds that JSON has.

        """
        made = ObjectColumns()
        try:
            (column,) = made.columns(values, [len(values)], depth)
        except (UnusualError, *UNLIKE, TypeError):  # a closer look tells what is wrong, if anything is
            return self.searched(values, depth)
        self.null_members += made.null_members
        return column

    def searched(self, values: Sequence[Any], depth: int = 0) -> pa.Array:
        """Make the same column by letting Arrow find its type, which does for values of all kinds."""
        try:
            column = pa.array(values)
            if _depth(column.type) + depth > MAX_DEPTH:
                return self._json(values)
            self.null_members += self._null_members(column, lambda: values)
        except (*UNLIKE, _TruthAmongNumbersError):
            return self._mixed(values, depth)
        return column

    def count_nulls(self, name: str, objects: Sequence[dict[str, Any]], column: pa.Array) -> None:
        """Count the objects that have a member as null.

        Args:
            name: of the member.
            objects: one for each row; those that are null don't count.
            column: of the members' values; without a null in it, nothing is counted.

        """
        if column.null_count:
            self.null_members += _null_members_of(name, objects)

    def _mixed(self, values: Sequence[Any], depth: int) -> pa.Array:
        """Make a column of values that share no type: of objects member by member, of lists by all their elements."""
        kinds = set(map(type, values)) - {type(None)}
        missing = [value is None for value in values]
        if kinds == {dict} and depth < MAX_DEPTH:
            held: list[dict[str, Any]] = [value for value in values if value is not None]
            members = {}
            for name in dict.fromkeys(chain.from_iterable(held)):
                members[name] = self.column([None if value is None else value.get(name) for value in values], depth + 1)
                self.count_nulls(name, held, members[name])
            return pa.StructArray.from_arrays(list(members.values()), names=list(members), mask=pa.array(missing))
        if kinds == {list} and depth < MAX_DEPTH:
            before = self.null_members
            elements = self.column(_flat(values), depth + 1)
            if elements.type != JSON:
                ends = pa.array(accumulate((len(value or ()) for value in values), initial=0), pa.int32())
                return pa.ListArray.from_arrays(ends, elements, mask=pa.array(missing))
            self.null_members = before
        return self._json(values)

    def _json(self, values: Sequence[Any]) -> pa.Array:
        self.all_finite = self.all_finite and not any(map(may_not_be_finite, values))
        return json_column(values)

    def _null_members(self, column: pa.Array, values: _Values) -> int:
        """Count null members in a column, looking at the values themselves only where the column has a null."""
        kind, types = column.type, pa.types
        if types.is_struct(kind):
            return sum(self._null_in(column, number, values) for number in range(kind.num_fields))
        if types.is_list(kind) and types.is_floating(kind.value_type):
            self._check(column.values, lambda: chain.from_iterable(filter(None, values())))
        elif types.is_list(kind) and types.is_nested(kind.value_type):
            return self._null_members(column.values, cache(lambda: _flat(values())))
        elif types.is_floating(kind):
            self._check(column, values)
        return 0

    def _null_in(self, column: pa.Array, number: int, values: _Values) -> int:
        member, name = column.field(number), column.type[number].name
        found = 0
        if member.null_count:
            found = _null_members_of(name, values())
        if not _matters(member.type):
            return found
        return found + self._null_members(member, cache(lambda: members(name, values())))

    def _check(self, column: pa.Array, values: Callable[[], Iterable[Any]]) -> None:
        """Look for what isn't a number in JSON's.

        Raises:
            _TruthAmongNumbersError: there is a truth value.

        """
        found = numbers(column.drop_null() if column.null_count else column)
        if not found.size:
            return
        if not np.isfinite(found).all():
            self.all_finite = False
        if ((found == 0) | (found == 1)).any() and bool in set(map(type, values())):
            raise _TruthAmongNumbersError


def _matters(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind) or pa.types.is_floating(kind))


def _null_members_of(name: str, objects: Iterable[dict[str, Any] | None]) -> int:
    return sum([each is not None and name in each and each[name] is None for each in objects])


def members(name: str, objects: Sequence[dict[str, Any] | None]) -> list[Any]:
    """Give a member of each object, None for one that isn't there."""
    get: Callable[[Any], Any] = itemgetter(name)
    try:
        return list(map(get, objects))  # twice as fast, and most members are everywhere
    except (TypeError, KeyError):
        return [None if each is None else each.get(name) for each in objects]


def _flat(values: Sequence[Any]) -> list[Any]:
    return list(chain.from_iterable([value for value in values if value]))


def _depth(kind: pa.DataType) -> int:
    types = pa.types
    if types.is_struct(kind):
        return 1 + max((_depth(field.type) for field in kind), default=0)
    return 1 + _depth(kind.value_type) if types.is_list(kind) else 0
