"""Rows that no wanted item can be made of, told by whole columns before items are made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.filters.boxes import Box
from stac_ingest.filters.columns import HEIGHTS, SIDES, FilterColumns, filter_columns
from stac_ingest.filters.item_filter import ItemFilter
from stac_ingest.filters.rounding import in_unit
from stac_ingest.geoparquet.stac_schema import plain_schema, with_plain_types


class RowFilter:
    """Leaves out rows of one schema. What it keeps is still to be looked at item by item.

    Attributes:
        leaves: columns of numbers and instants, by their paths in the file, that `may_match` needs.

    """

    def __init__(self, wanted: ItemFilter, schema: pa.Schema) -> None:
        self._wanted = wanted.wanted
        self._plain = plain_schema(schema)
        found = filter_columns(schema)
        self._box = None if wanted.box is None else found.rounded(wanted.box)
        self._columns = FilterColumns(
            found.sides if wanted.box is not None else {},
            found.times if self._wanted.interval is not None else (),
            found.collection if self._wanted.collections is not None else None,
            found.id if self._wanted.ids is not None else None,
        )
        self._collections = pa.array(self._wanted.collections or (), pa.string())
        self._ids = pa.array(self._wanted.ids or (), pa.string())
        self.leaves = [*(".".join(path) for path in self._columns.sides.values()), *self._columns.times]

    def may_match(self, batch: pa.RecordBatch) -> bool:
        """Say whether any row may be wanted, of a batch that has the `leaves` alone."""
        mask = _all([self._touching(batch), self._reaching(batch)])
        return mask is None or bool(mask.true_count)

    def kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that may be wanted, of a batch with all columns."""
        mask = _all([*self._named(batch), self._touching(batch), self._reaching(batch)])
        if mask is None or mask.true_count == len(batch):
            return batch
        if not mask.true_count:
            return batch.slice(0, 0)
        # Arrow can't filter string views.
        return (batch if batch.schema == self._plain else with_plain_types(batch, self._plain)).filter(mask)

    def _named(self, batch: pa.RecordBatch) -> Iterator[pa.Array]:
        """Yield which rows are of a collection, and of an id; null where a row says none."""
        for name, values in ((self._columns.collection, self._collections), (self._columns.id, self._ids)):
            if name is not None:
                column = batch[name]
                inside = pc.is_in(column, values.cast(column.type))
                yield pc.if_else(pc.is_valid(column), inside, None)

    def _touching(self, batch: pa.RecordBatch) -> pa.Array | None:
        """Return which rows touch the time; null where a row has no instant."""
        if self._wanted.interval is None or not self._columns.times:
            return None
        begins, ends, inside = {}, {}, []
        for name in self._columns.times:
            ticks, unit = batch[name].cast(pa.int64()), batch[name].type.unit
            first, last = in_unit(self._wanted.interval, unit)
            begins[name], ends[name] = pc.less_equal(ticks, last), pc.greater_equal(ticks, first)
            inside.append(pc.and_(begins[name], ends[name]))
        alone = pc.coalesce(*inside)
        if not {"start_datetime", "end_datetime"} <= begins.keys():
            return alone
        forth = pc.and_(begins["start_datetime"], ends["end_datetime"])
        back = pc.and_(begins["end_datetime"], ends["start_datetime"])  # one that ends before it starts
        return pc.coalesce(pc.or_(forth, back), alone)

    def _reaching(self, batch: pa.RecordBatch) -> pa.Array | None:
        """Return which rows' boxes overlap the box; true where a row has none, or one that is upside down."""
        if self._box is None or not self._columns.sides:
            return None
        sides = {name: _member(batch, *path) for name, path in self._columns.sides.items()}
        flat = pc.or_(_overlapping(sides, self._box), pc.greater(sides["ymin"], sides["ymax"]))
        flat = pc.if_else(_has_all(sides, SIDES), flat, True)
        if "zmin" not in sides:
            return flat
        low, high = pc.less_equal(sides["zmin"], self._box.top), pc.greater_equal(sides["zmax"], self._box.bottom)
        return pc.and_(flat, pc.if_else(_has_all(sides, HEIGHTS), pc.and_(low, high), True))


def _overlapping(sides: dict[str, pa.Array], box: Box) -> pa.Array:
    xmin, ymin, xmax, ymax = (sides[name] for name in SIDES)
    before, after = pc.less_equal(xmin, box.east), pc.greater_equal(xmax, box.west)
    crosses = pc.greater(xmin, xmax)
    either = pc.or_(before, after)
    across = pc.or_(crosses, either) if box.crosses else pc.if_else(crosses, either, pc.and_(before, after))
    return pc.and_(across, pc.and_(pc.less_equal(ymin, box.north), pc.greater_equal(ymax, box.south)))


def _has_all(sides: dict[str, pa.Array], names: tuple[str, ...]) -> pa.Array:
    """Return which rows have numbers on all of these sides."""
    return reduce(pc.and_, (pc.fill_null(pc.is_finite(sides[name]), fill_value=False) for name in names))


def _member(batch: pa.RecordBatch, column: str, name: str) -> pa.Array:
    struct = batch[column]
    return struct.flatten()[struct.type.get_field_index(name)]


def _all(masks: list[pa.Array | None]) -> pa.Array | None:
    """Join masks; what is null in one of them is no reason to leave a row out."""
    known = [pc.fill_null(mask, fill_value=True) for mask in masks if mask is not None]
    return reduce(pc.and_, known) if known else None
