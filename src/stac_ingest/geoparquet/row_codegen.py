"""Row templates to Python objects.

A template becomes a generator expression that Python compiles, such as

    ({"type": "Feature", "id": v0, "assets": {"blue": {"href": v1, "type": "image/tiff"}}} for v0, v1 in zip(*columns))

That makes an item of 400 values several times faster than parsing its JSON text, and every item is an object of its
own down to the last list. A template holds names and values of untrusted files: they become constants of a
syntax tree, and are never text that is parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import pyarrow as pa

from stac_ingest.geoparquet.row_template import (
    Array,
    Column,
    Columns,
    Conditional,
    Constant,
    Lengths,
    RowTemplate,
    constant,
)
from stac_ingest.geoparquet.scalar_columns import decode_storage, is_constant, not_finite, python_values


class ColumnSet(Columns):
    """Columns of Python values."""

    def __init__(self, rows: int, path: tuple[str, ...] = (), *, keeps_nulls: bool = False) -> None:
        super().__init__(rows, path, keeps_nulls=keeps_nulls)
        self._columns: list[Iterable[Any]] = []

    def add(self, values: Iterable[Any]) -> Column:
        self._columns.append(values)
        return Column(len(self._columns) - 1)

    def add_plain(self, array: pa.Array) -> RowTemplate:
        return constant(array[0].as_py()) if is_constant(array) else self.add(python_values(array))

    def add_flags(self, flags: list[bool]) -> Column:
        return self.add(flags)

    def add_valid(self, array: pa.Array) -> Column:
        return self.add(array.is_valid().to_pylist())

    def flags(self, column: Column) -> list[bool]:
        values: Any = self._columns[column.number]
        return list(values)

    def add_lists(self, parts: ColumnSet, template: RowTemplate, lengths: Lengths) -> Column:
        # Each is made when its row's turn comes: all at once would be many objects, which Python's collector of garbage
        # then looks through again and again.
        made = parts.rows(template)
        return self.add(list(islice(made, count)) for count in lengths.tolist())

    def add_maps(self, keys: pa.Array, parts: ColumnSet, member: Array, lengths: Lengths) -> Column:  # noqa: ARG002 - names come again in `parts`
        pairs = parts.rows(member)
        return self.add(dict(islice(pairs, count)) for count in lengths.tolist())

    def plain(self, array: pa.Array) -> pa.Array:
        return decode_storage(array)

    def not_finite(self, array: pa.Array) -> list[int]:
        return not_finite(array)

    def unrolls(self, kind: pa.DataType) -> bool:  # noqa: ARG002 - all are
        return True

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
