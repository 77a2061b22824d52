"""What a Parquet file is where it isn't a table of STAC items, and what a user is told of one that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa

from stac_ingest.geoparquet.geometry_encodings import storage_of
from stac_ingest.geoparquet.stac_schema import DEFAULT_GEOMETRY, TELLING, Layout
from stac_ingest.geoparquet.table_metadata import described_columns, is_unnamed_index, reference_system

_SHOWN = 12
"""Names of columns that a message lists."""
_EXPECTED = (
    "A table of STAC items has the columns id, geometry, and assets, links, datetime or properties, as STAC-GeoParquet "
    "has them or as the members of the items' JSON; give the items themselves, or a table made of them"
)


def why_not_items(schema: pa.Schema, marked: Collection[str] = ()) -> str | None:
    """Say what a table is that has geometries and yet no items; None for one whose rows can be taken as they are.

    Args:
        schema: of a file without a layout of items.
        marked: columns that Parquet itself says are geometries.

    """
    names = schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"it has more than one column named {twice[0]!r}: write the table with distinct names"
    geometries = [name for name in (*described_columns(schema), *sorted(marked)) if name in names]
    if not geometries and DEFAULT_GEOMETRY in names and _is_bytes(schema.field(DEFAULT_GEOMETRY).type):
        geometries = [DEFAULT_GEOMETRY]
    if not geometries and "id" in names and DEFAULT_GEOMETRY in names and TELLING & set(names):
        kind = str(schema.field(DEFAULT_GEOMETRY).type)
        return f"its column geometry, of the type {kind[:60]}, isn't a geometry in WKB, GeoArrow or GeoJSON"
    if not geometries:
        return None
    if "id" not in names:
        reason = "has no column id"
    elif TELLING & set(names) and len(geometries) > 1:
        reason = "has several geometries and none that is called geometry"
    else:
        reason = "has no column but id and geometry that items have"
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    kind = f"a table of features (geometry: {geometries[0]}), not of STAC items"
    return f"it is {kind}: it {reason}, but {shown}. {_EXPECTED}"


def remarks(schema: pa.Schema, layout: Layout | None) -> list[str]:
    """Say what is done with columns that an item has no place for, or that JSON has no form for."""
    if layout is None:
        return [
            f"the rows of a table without the columns of STAC items came as they are: {', '.join(schema.names)[:200]}",
            *_in_other_forms(schema),  # names may come twice
        ]
    said = [
        f"the index of a data frame, {name}, doesn't belong to an item and was left out"
        for name in layout.left_out
        if not is_unnamed_index(name)
    ]
    if layout.nested and layout.properties:
        said.append(f"columns beside `properties` were taken as properties: {', '.join(layout.properties)[:200]}")
    others = (name for name in (*layout.properties, *layout.foreign) if name not in layout.geometries)
    said.extend(_in_other_forms(schema.field(name) for name in others))
    system = reference_system(described_columns(schema).get(layout.geometry, {}))
    if system is not None:
        said.append(f"coordinates are those of the table, in {system}; GeoJSON has longitudes and latitudes of WGS 84")
    return said


def _in_other_forms(fields: Iterable[pa.Field]) -> Iterator[str]:
    for field in fields:
        if _is_bytes(field.type):
            yield f"the bytes of column {field.name} came as hexadecimal text"
        elif pa.types.is_duration(field.type):
            yield f"the durations of column {field.name} came as numbers of seconds"


def _is_bytes(kind: pa.DataType) -> bool:
    stored, types = storage_of(kind), pa.types
    tests = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    return not isinstance(kind, pa.UuidType) and any(test(stored) for test in tests)
