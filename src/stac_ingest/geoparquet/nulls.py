"""Taking out the nulls that a table has and an item hasn't.

A column is one for all rows: an item without an asset has a null there, an item with other properties has nulls for
these. Which of them the item had as null can't be told, so an absent member and a null one read the same: absent. Only
what a STAC Item must have stays null: its geometry and `properties.datetime`.

A homogeneous file has no nulls, so the places where there are some are found first, in columns, and only those are
visited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from stac_ingest.sources.base import Item

Strip = Callable[[Any], None]

KEPT = frozenset({"datetime"})


def has_nulls(column: pa.Array) -> bool:
    """Tell whether a column, or anything nested in it, has a null."""
    if column.null_count:
        return True
    kind = column.type
    if pa.types.is_struct(kind):
        return any(has_nulls(column.field(number)) for number in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return has_nulls(column.flatten())
    return False


def strip_plan(names: Sequence[str], columns: Sequence[pa.Array]) -> tuple[tuple[str, bool], ...]:
    """Name the columns to visit: those with nulls, and whether the nulls are deeper than the column itself."""
    return tuple(
        (name, _is_nested(column.type)) for name, column in zip(names, columns, strict=True) if has_nulls(column)
    )


def strip(holder: Item, plan: Sequence[tuple[str, bool]]) -> None:
    """Remove the planned members of `holder` that are null, and the nulls inside the others."""
    for name, nested in plan:
        value = holder[name]
        if value is None:
            if name not in KEPT:
                del holder[name]
        elif nested:
            holder[name] = without_nulls(value)


def without_nulls(value: Any) -> Any:
    """Copy a JSON value without null members; nulls in a list of plain values are kept, since they have a place."""
    if type(value) is dict:
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if type(value) is list:
        return [without_nulls(member) for member in value]
    return value


def _is_nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind))
