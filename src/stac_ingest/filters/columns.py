"""Which columns of a Parquet file say what a filter asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stac_ingest.filters.boxes import Box
from stac_ingest.filters.rounding import as_float32
from stac_ingest.filters.times import TIMES
from stac_ingest.geoparquet.stac_schema import PROPERTIES, layout_of, plain_schema

SIDES = ("xmin", "ymin", "xmax", "ymax")
HEIGHTS = ("zmin", "zmax")


@dataclass(frozen=True, slots=True)
class FilterColumns:
    """Columns that a filter can be held against before items are made of rows; what is missing here is no ground."""

    sides: dict[str, tuple[str, str]]
    """Of the items' boxes: for `xmin` and so on the struct and its member. Empty where there are none."""
    times: tuple[str, ...]
    """Columns of instants that say when an item is of."""
    collection: str | None
    id: str | None = None
    geometry: str | None = None
    """The geometry's own column, where items have no box of their own."""
    may_cross: bool = True
    """Whether a box can go over the antimeridian: our writer says where none does."""
    exact: bool = True
    """Whether the sides are floats of 64 bits, as the items' own numbers are."""

    def rounded(self, box: Box) -> Box:
        """Give a box in the numbers that the sides have: who is in it is in this one, once rounded alike."""
        return box if self.exact else as_float32(box)


def filter_columns(schema: pa.Schema) -> FilterColumns:
    """Find the columns.

    What has a second column, as in files of our own, is no ground: the first one may hold less than the item does.
    An item's box decides before its geometry does. So the column `bbox` is used, and what a GeoParquet file names as
    its `covering` only where there is none.
    """
    layout = layout_of(plain_schema(schema))
    if layout is None:
        return FilterColumns({}, (), None)
    if "bbox" in schema.names:
        sides = _sides(schema, {side: ("bbox", side) for side in (*SIDES, *HEIGHTS)})
    else:
        sides = _sides(schema, _covering(schema, layout.geometry))
    if ("bbox",) in layout.places:
        sides = {}
    texts = {
        name
        for name in ("collection", "id")
        if name in layout.members and (name,) not in layout.places and _is_text(schema.field(name).type)
    }
    return FilterColumns(
        sides,
        # An instant in the column `properties`, or one kept apart from a member, goes before the column of its name.
        () if layout.nested or any((PROPERTIES, name) in layout.places for name in TIMES) else _times(schema),
        "collection" if "collection" in texts else None,
        "id" if "id" in texts else None,
        None if "bbox" in schema.names or ("geometry",) in layout.places else layout.geometry,
        not (layout.is_ours and _covering(schema, layout.geometry) == {side: ("bbox", side) for side in SIDES}),
        all(pa.types.is_float64(schema.field(column).type.field(member).type) for column, member in sides.values()),
    )


def _sides(schema: pa.Schema, paths: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    found = {side: path for side, path in paths.items() if _is_number(schema, *path)}
    if not set(SIDES) <= found.keys():
        return {}
    flat = {side: path for side, path in found.items() if side in SIDES}
    return found if set(HEIGHTS) <= found.keys() else flat


def _is_number(schema: pa.Schema, column: str, member: str) -> bool:
    kind = schema.field(column).type if schema.names.count(column) == 1 else None
    if kind is None or not pa.types.is_struct(kind):
        return False
    members = [field.type for field in kind if field.name == member]
    return len(members) == 1 and (pa.types.is_float64(members[0]) or pa.types.is_float32(members[0]))


def _covering(schema: pa.Schema, geometry: str) -> dict[str, tuple[str, str]]:
    try:
        columns: Any = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
        box = columns["columns"][geometry]["covering"]["bbox"]
        return {side: (str(path[0]), str(path[1])) for side, path in box.items() if len(path) == 2}  # noqa: PLR2004
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return {}


def _times(schema: pa.Schema) -> tuple[str, ...]:
    """Give the columns of instants; none where one of the times stands elsewhere, or as something else."""
    names = [name for name in TIMES if name in schema.names and not pa.types.is_null(schema.field(name).type)]
    if "properties" in schema.names or not all(pa.types.is_timestamp(schema.field(name).type) for name in names):
        return ()
    return tuple(names)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
