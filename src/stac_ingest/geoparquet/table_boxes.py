"""Boxes of a table, by sides or as lists, to the struct of sides that our files have."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.item_columns import FLAT_SIDES, SOLID_SIDES
from stac_ingest.geoparquet.plain_columns import NotKnownError, plain_column, struct_of
from stac_ingest.geoparquet.value_columns import ColumnMaker


def boxes_of(column: pa.Array, maker: ColumnMaker) -> pa.Array:
    """Make boxes by sides; a row without one is null.

    Raises:
        NotKnownError: a box lacks a side, or is none; or heights are in some boxes of lists alone.
        ArrowException: a side doesn't fit a float.

    """
    kind, types = column.type, pa.types
    if types.is_struct(kind):
        return _by_sides(column, maker)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _of_lists(column, maker)
    raise NotKnownError


def _by_sides(column: pa.StructArray, maker: ColumnMaker) -> pa.Array:
    names = [field.name for field in column.type]
    if set(names) not in (set(FLAT_SIDES), set(SOLID_SIDES)) or len(names) > len(SOLID_SIDES):
        raise NotKnownError
    sides = dict(zip(names, column.flatten(), strict=True))
    made = {name: _numbers(plain_column(sides[name], maker)) for name in names}
    given = made["xmin"].is_valid()
    for name in FLAT_SIDES[1:]:
        if not made[name].is_valid().equals(given):
            raise NotKnownError  # a side is missing
    if "zmin" not in made:
        return struct_of(list(FLAT_SIDES), [made[name] for name in FLAT_SIDES], given)
    high = pc.and_(pc.and_(made["zmin"].is_valid(), made["zmax"].is_valid()), given)
    if not high.true_count:
        return struct_of(list(FLAT_SIDES), [made[name] for name in FLAT_SIDES], given)
    for name in ("zmin", "zmax"):
        made[name] = pc.if_else(high, made[name], None)
    return struct_of(list(SOLID_SIDES), [made[name] for name in SOLID_SIDES], given)


def _of_lists(column: pa.Array, maker: ColumnMaker) -> pa.Array:
    numbers = _numbers(plain_column(column.flatten(), maker))
    lengths = pc.drop_null(pc.list_value_length(column)).unique().to_pylist()
    if numbers.null_count or lengths not in ([len(FLAT_SIDES)], [len(SOLID_SIDES)]):
        raise NotKnownError
    names = FLAT_SIDES if lengths == [len(FLAT_SIDES)] else SOLID_SIDES
    given = column.is_valid()
    firsts = pc.subtract(pc.cumulative_sum(given.cast(pa.int64())), 1)
    starts = pc.if_else(given, pc.multiply(firsts, len(names)), None)
    sides = [numbers.take(pc.add(starts, number)) for number in range(len(names))]
    return struct_of(list(names), sides, given)


def _numbers(column: pa.Array) -> pa.Array:
    if not (pa.types.is_float64(column.type) or pa.types.is_int64(column.type)):
        raise NotKnownError
    return column.cast(pa.float64())
