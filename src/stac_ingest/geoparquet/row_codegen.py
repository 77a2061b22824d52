"""Row templates for objects: what is the same in every row is written down once, the rest comes from columns.

A template becomes a generator expression that Python compiles, such as

    ({"type": "Feature", "id": v0, "assets": {"blue": {"href": v1, "type": "image/tiff"}}} for v0, v1 in zip(*columns))

That makes an item of 400 values several times faster than parsing its JSON text, and every item is an object of its
own down to the last list. A template holds names and values of untrusted files: they become constants of a
syntax tree, and are never text that is parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias


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


class Altered(NamedTuple):
    """A value that was changed or left out."""

    row: int
    member: str
    """Where it stands, as `assets.B04.nodata`."""
    what: str
    """What became of it, in words."""


class ColumnSet:
    """The columns of one batch that its template speaks of."""

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
        self._columns: list[Iterable[Any]] = []

    def add(self, values: Iterable[Any]) -> Column:
        """Take in a column with a value for each row; it is gone through once, in order."""
        self._columns.append(values)
        return Column(len(self._columns) - 1)

    def truths(self, column: Column) -> list[bool]:
        """Give the truth values of a column that was taken in as a list."""
        values: Any = self._columns[column.number]
        return list(values)

    def alter(self, rows: Iterable[int], what: str) -> None:
        """Keep that values of the member that the path leads to now are changed."""
        member = ".".join(self.path)
        self.altered += [Altered(row, member, what) for row in rows]

    def adopt(self, parts: ColumnSet, row_of: Callable[[Sequence[int]], list[int]]) -> None:
        """Take over what was found in elements of lists, whose numbers `row_of` turns into those of rows."""
        self.broken.update(row_of(sorted(parts.broken)))
        rows = row_of([change.row for change in parts.altered])
        self.altered += [change._replace(row=row) for change, row in zip(parts.altered, rows, strict=True)]

    def rows(self, template: RowTemplate) -> Iterator[Any]:
        """Make what the template says, row by row."""
        if isinstance(template, Column):
            return iter(self._columns[template.number])
        columns: list[Iterable[Any]] = self._columns or [range(self._count)]
        return _compiled(template, len(columns))(columns)


@lru_cache(maxsize=64)
def _compiled(template: RowTemplate, columns: int) -> Callable[[list[Iterable[Any]]], Iterator[Any]]:
    tree = ast.parse("lambda columns: (None for () in zip(*columns))", mode="eval")
    generator: Any = tree.body.body  # type: ignore[attr-defined] # it is the lambda of the line above
    generator.elt = _expression(template)
    generator.generators[0].target = ast.Tuple([ast.Name(_name(n), ast.Store()) for n in range(columns)], ast.Store())
    code = compile(ast.fix_missing_locations(tree), "<template>", "eval")
    compiled: Callable[[list[Iterable[Any]]], Iterator[Any]] = eval(code, {"zip": zip, "__builtins__": {}})  # noqa: S307 - a tree of constants and our own names
    return compiled


def _expression(template: RowTemplate) -> ast.expr:
    if isinstance(template, Constant):
        return ast.Constant(template.value)
    if isinstance(template, Column):
        return ast.Name(_name(template.number), ast.Load())
    if isinstance(template, Array):
        return ast.List([_expression(element) for element in template.elements], ast.Load())
    if isinstance(template, Conditional):
        return ast.IfExp(*(_expression(part) for part in template))
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for member in template.members:
        key, value = ast.Constant(member.name), _expression(member.value)
        if member.present is None:
            keys.append(key)
            values.append(value)
        else:
            keys.append(None)  # as in {**other}
            values.append(ast.IfExp(_expression(member.present), ast.Dict([key], [value]), ast.Dict([], [])))
    return ast.Dict(keys, values)


def _name(number: int) -> str:
    return f"v{number}"
