"""Row templates: what is the same in every row is written down once, the rest comes from columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Lengths: TypeAlias = npt.NDArray[np.int64]


class Constant(NamedTuple):
    """One value for all rows."""

    value: Any
    shown: str
    """Its `repr`: 1, 1.0 and True are equal, and yet three templates."""


class Column(NamedTuple):
    """A value for each row."""

    number: int


class Member(NamedTuple):
    """A member of an object."""

    name: str
    value: RowTemplate
    present: Column | None = None
    """Where it is not there in every row: which it is there in."""


class Object(NamedTuple):
    """An object, made anew for each row."""

    members: tuple[Member, ...]


class Array(NamedTuple):
    """A list with the same number of elements in each row."""

    elements: tuple[RowTemplate, ...]


class Conditional(NamedTuple):
    """One template for the rows that a column says yes to, and another for the rest."""

    test: Column
    then: RowTemplate
    otherwise: RowTemplate


RowTemplate: TypeAlias = "Constant | Column | Object | Array | Conditional"

NULL = Constant(None, "None")


def constant(value: Any) -> Constant:
    """Give the template for a text, a number, a truth value or null."""
    return Constant(value, repr(value))


MAX_UNROLLED = 16
"""Lists of one length, up to this, are made element by element: roles, shapes, transforms, the bands of an asset."""


class Altered(NamedTuple):
    """A value that was changed or left out."""

    row: int
    member: str
    """Where it stands, as `assets.B04.nodata`."""
    what: str
    """What became of it, in words."""


class Columns(ABC):
    """The columns of one batch that its template speaks of; what rows are made of, a subclass says."""

    def __init__(self, rows: int, path: tuple[str, ...] = (), *, keeps_nulls: bool = False) -> None:
        """Begin with no column of so many rows.

        Args:
            rows: how many there are.
            path: names of the members that lead to the objects made.
            keeps_nulls: whether objects keep members that are null.

        """
        self._count = rows
        self.path = list(path)
        self.keeps_nulls = keeps_nulls
        self.broken: set[int] = set()
        """Rows that hold something that can't be read."""
        self.altered: list[Altered] = []
        """Values that come otherwise than they are stored."""

    def of_elements(self, count: int, *, keeps_nulls: bool = False) -> Self:
        """Give an empty set for the elements of lists at the place that the path leads to now."""
        return type(self)(count, tuple(self.path), keeps_nulls=keeps_nulls)

    def alter(self, rows: Iterable[int], what: str) -> None:
        """Keep that values of the member that the path leads to now are changed."""
        member = ".".join(self.path)
        self.altered += [Altered(row, member, what) for row in rows]

    def adopt(self, parts: Columns, row_of: Callable[[Sequence[int]], list[int]]) -> None:
        """Take over what was found in elements of lists, whose numbers `row_of` turns into those of rows."""
        self.broken.update(row_of(sorted(parts.broken)))
        rows = row_of([change.row for change in parts.altered])
        self.altered += [change._replace(row=row) for change, row in zip(parts.altered, rows, strict=True)]

    @abstractmethod
    def add(self, values: Iterable[Any]) -> Column:
        """Take in a column of Python values as JSON has them, one for each row; it is gone through once, in order."""

    @abstractmethod
    def add_plain(self, array: pa.Array) -> RowTemplate:
        """Take in a column of values that have no members; what it makes for a null means nothing.

        Raises:
            UNREADABLE: a value can't be read.

        """

    @abstractmethod
    def add_flags(self, flags: list[bool]) -> Column:
        """Take in a truth value for each row."""

    @abstractmethod
    def add_valid(self, array: pa.Array) -> Column:
        """Take in for each row whether the array has a value there."""

    @abstractmethod
    def flags(self, column: Column) -> list[bool]:
        """Give the truth values of a column that was taken in as such."""

    @abstractmethod
    def add_lists(self, parts: Self, template: RowTemplate, lengths: Lengths) -> RowTemplate:
        """Take in lists.

        Args:
            parts: the columns of their elements, which lie one after another.
            template: what an element is.
            lengths: how many elements each list has.

        """

    @abstractmethod
    def add_maps(self, keys: pa.Array, parts: Self, member: Array, lengths: Lengths) -> Column:
        """Take in objects whose members' names are not the same in all rows.

        Args:
            keys: the names.
            parts: the columns of names and values, which lie one after another.
            member: what a name and its value are.
            lengths: how many members each object has.

        """

    @abstractmethod
    def plain(self, array: pa.Array) -> pa.Array:
        """Give the column behind a dictionary or an extension type, as far as `add_plain` needs that."""

    @abstractmethod
    def not_finite(self, array: pa.Array) -> list[int]:
        """Give the indices of floats that JSON has no number for; none where that is looked at later."""

    @abstractmethod
    def unrolls(self, kind: pa.DataType) -> bool:
        """Tell whether lists of one length are best made element by element, by the type of the elements."""
