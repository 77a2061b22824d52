"""The column of boxes, by sides or as lists, to the member `bbox`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.properties_column import as_json
from stac_ingest.geoparquet.row_template import NULL, Array, Columns, Conditional, Member, RowTemplate
from stac_ingest.geoparquet.scalar_columns import readable_values
from stac_ingest.geoparquet.stac_schema import Layout
from stac_ingest.geoparquet.struct_columns import object_of, plain_column, value_or

FLAT_BOX = ("xmin", "ymin", "xmax", "ymax")
SOLID_BOX = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")


def box_member(batch: pa.RecordBatch, layout: Layout, columns: Columns) -> Iterator[Member]:
    """Give the box as a list; without heights where it has none, and not at all where a side is missing."""
    if layout.bbox is None:
        return
    column = as_json(batch.column(layout.bbox))
    if isinstance(column.type, pa.JsonType):
        boxes = [_listed(value) for value in readable_values(column)[0]]
        yield Member("bbox", columns.add(boxes), columns.add_flags([box is not None for box in boxes]))
        return
    if not pa.types.is_struct(column.type):
        yield from object_of([("bbox", column)], columns).members
        return
    columns.path.append("bbox")
    kinds = [field.name for field in column.type]
    sides = {name: plain_column(side, columns) for name, side in zip(kinds, column.flatten(), strict=True)}
    flat, whole = _sides(sides, FLAT_BOX, columns)
    if set(SOLID_BOX) <= set(kinds):
        solid, complete = _sides(sides, SOLID_BOX, columns)
        if complete.null_count or not pc.all(complete, min_count=0).as_py():
            flat = Conditional(columns.add_flags(complete.to_pylist()), solid, flat)
        else:
            flat = solid
    if pc.all(whole, min_count=0).as_py():
        yield Member("bbox", flat)
    else:
        given = pc.and_(pc.invert(whole), column.is_valid()).to_pylist()
        some = [any(side[row].is_valid for side in sides.values()) and given[row] for row in range(len(given))]
        columns.alter([row for row, is_some in enumerate(some) if is_some], "a side of it is missing: left out")
        yield Member("bbox", flat, columns.add_flags(whole.to_pylist()))
    columns.path.pop()


def _listed(box: Any) -> Any:
    """Give a box of JSON as a list, where it has its sides by name."""
    for names in (SOLID_BOX, FLAT_BOX):
        if isinstance(box, dict) and all(box.get(name) is not None for name in names):
            return [box[name] for name in names]
    return box


def _sides(sides: dict[str, pa.Array], names: tuple[str, ...], columns: Columns) -> tuple[RowTemplate, pa.Array]:
    """Give the template for a list of sides, and where all of them are there."""
    complete = sides[names[0]].is_valid()
    for name in names[1:]:
        complete = pc.and_(complete, sides[name].is_valid())
    return Array(tuple(value_or(sides[name], NULL, columns) for name in names)), complete
