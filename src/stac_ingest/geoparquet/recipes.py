"""Recipes for objects: what is the same in every row is written down once, the rest comes from columns.

A recipe becomes a generator expression that Python compiles, such as

    ({"type": "Feature", "id": v0, "assets": {"blue": {"href": v1, "type": "image/tiff"}}} for v0, v1 in zip(*columns))

That makes an item of 400 values several times faster than parsing its JSON text, and every item is an object of its
own down to the last list. A recipe holds names and values of strangers: they become constants of a syntax tree, and
are never text that is parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias


class Constant(NamedTuple):
    """One value for all rows."""

    value: Any
    shown: str
    """Its `repr`: 1, 1.0 and True are equal, and yet three recipes."""


class Column(NamedTuple):
    """A value for each row."""

    number: int


class Member(NamedTuple):
    """A member of an object."""

    name: str
    value: Recipe
    present: Column | None = None
    """Where it is not there in every row: which it is there in."""


class Object(NamedTuple):
    """An object, made anew for each row."""

    members: tuple[Member, ...]


class Array(NamedTuple):
    """A list with the same number of elements in each row."""

    elements: tuple[Recipe, ...]


class Either(NamedTuple):
    """One recipe for the rows that a column says yes to, and another for the rest."""

    test: Column
    then: Recipe
    otherwise: Recipe


Recipe: TypeAlias = "Constant | Column | Object | Array | Either"

NULL = Constant(None, "None")


def constant(value: Any) -> Constant:
    """Give the recipe for a text, a number, a truth value or null."""
    return Constant(value, repr(value))


class Ingredients:
    """The columns of one batch that its recipe speaks of."""

    def __init__(self, rows: int) -> None:
        """Begin with no column of so many rows."""
        self.rows = rows
        self.broken: set[int] = set()
        """Rows that hold something that can't be read."""
        self._columns: list[Iterable[Any]] = []

    def add(self, values: Iterable[Any]) -> Column:
        """Take in a column with a value for each row; it is gone through once, in order."""
        self._columns.append(values)
        return Column(len(self._columns) - 1)

    def follow(self, recipe: Recipe) -> Iterator[Any]:
        """Make what the recipe says, row by row."""
        if isinstance(recipe, Column):
            return iter(self._columns[recipe.number])
        columns: list[Iterable[Any]] = self._columns or [range(self.rows)]
        return _compiled(recipe, len(columns))(columns)


@lru_cache(maxsize=64)
def _compiled(recipe: Recipe, columns: int) -> Callable[[list[Iterable[Any]]], Iterator[Any]]:
    tree = ast.parse("lambda columns: (None for () in zip(*columns))", mode="eval")
    generator: Any = tree.body.body  # type: ignore[attr-defined] # it is the lambda of the line above
    generator.elt = _expression(recipe)
    generator.generators[0].target = ast.Tuple([ast.Name(_name(n), ast.Store()) for n in range(columns)], ast.Store())
    code = compile(ast.fix_missing_locations(tree), "<recipe>", "eval")
    found: Callable[[list[Iterable[Any]]], Iterator[Any]] = eval(code, {"zip": zip, "__builtins__": {}})  # noqa: S307 - a tree of constants and our own names
    return found


def _expression(recipe: Recipe) -> ast.expr:
    if isinstance(recipe, Constant):
        return ast.Constant(recipe.value)
    if isinstance(recipe, Column):
        return ast.Name(_name(recipe.number), ast.Load())
    if isinstance(recipe, Array):
        return ast.List([_expression(element) for element in recipe.elements], ast.Load())
    if isinstance(recipe, Either):
        return ast.IfExp(*(_expression(part) for part in recipe))
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for member in recipe.members:
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
