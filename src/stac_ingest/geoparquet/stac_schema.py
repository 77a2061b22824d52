"""What the columns of a Parquet file are to a STAC Item."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import pyarrow as pa

from stac_ingest.geoparquet.geometry_encodings import GEOJSON, TEXT, WKB, encoding_of, storage_of
from stac_ingest.geoparquet.table_metadata import described_columns, geo_metadata, index_columns, metadata_of, says_stac

MEMBERS = ("type", "stac_version", "stac_extensions", "id", "links", "assets", "collection")
"""Columns that are members of the item itself; every other one but geometry and bbox is a property."""
TELLING = frozenset({"stac_version", "stac_extensions", "links", "assets", "collection", "datetime", "start_datetime"})
"""Columns of which a table of items has at least one, beside its ids and geometries."""

DEFAULT_GEOMETRY = "geometry"
PROPERTIES = "properties"
PLACES_KEY = "stac_ingest"
"""The key of a file's metadata under which our writer says which columns aren't what their names make them.

Its value is JSON: `{"places": {"item.title": ["title"], "properties.id": ["properties", "id"]}}`. Such a column is a
member of the item, or a property; where it isn't null, it goes before another column for the same place.

A file of a table that is laid out for readers has more members: `added`, the names of columns that no item has;
`folders`, the keys of the folders that it is in, which no item has either; and `sort_key`, what its rows are sorted by.
"""
PLACES, ADDED, FOLDERS, SORT_KEY = "places", "added", "folders", "sort_key"

Place: TypeAlias = tuple[str, ...]
"""Where a value is in an item: `("title",)` or `("properties", "title")`."""
MORE_GEOMETRIES = frozenset({"proj:geometry"})
"""Properties that are Well-Known Binary too, by the STAC-GeoParquet specification."""

_NEVER_ADDED = frozenset({*MEMBERS, DEFAULT_GEOMETRY, "bbox", PROPERTIES})
_SIDES = frozenset({"xmin", "ymin", "xmax", "ymax"})
_INSTANTS = ("datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires")
_COMMON = frozenset({*_INSTANTS, "title", "description", "keywords", "roles", "license", "providers"}) | {
    *("platform", "constellation", "mission", "instruments", "gsd")
}
"""Names of STAC's common metadata: an index of that name is a property that somebody made the index."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table of items, by their part in an item."""

    members: tuple[str, ...]
    properties: tuple[str, ...]
    geometry: str
    geometries: dict[str, str]
    """How each column of geometries, properties included, holds them."""
    bbox: str | None
    places: Mapping[Place, str]
    """Columns that are elsewhere in an item than their names say, by where that is; empty but in files of our own."""
    is_ours: bool
    """Whether our writer made the file: then a null is a member that the item doesn't have, whatever member it is."""
    nested: str | None = None
    """The column that holds properties as one object."""
    foreign: tuple[str, ...] = ()
    """Columns that are members of the item, beside those that STAC names."""
    left_out: tuple[str, ...] = ()
    """Columns of a data frame's index."""
    added: tuple[str, ...] = ()
    """Columns that our writer has added for readers of the table."""
    behind: tuple[tuple[Place, str], ...] = ()
    """Columns that are elsewhere, too, and hold less: what `places` has for the same place goes before them."""

    @property
    def is_plain(self) -> bool:
        """Whether the columns are the members of items as JSON has them, geometry and properties included."""
        return self.nested is not None and self.geometries[self.geometry] in {GEOJSON, TEXT}


def layout_of(schema: pa.Schema, marked: Collection[str] = ()) -> Layout | None:
    """Find the parts of an item among the columns; None where the file isn't a table of STAC items.

    It is when it has an `id`, a geometry column, and a column that items alone have, or when its writer says so. The
    geometry column is the primary one that the `geo` metadata name, or `geometry` where they name none or one that
    isn't there, or else the only one that Parquet itself says is one.

    Args:
        schema: of the file.
        marked: columns that Parquet itself says are geometries.

    """
    names = schema.names
    if len(set(names)) != len(names):
        return None
    encodings = _encodings(schema, marked)
    geometry = _geometry_column(schema, encodings, marked)
    places, behind = _places(schema)
    if geometry is None or "id" not in names:
        return None
    nested = PROPERTIES if PROPERTIES in names and _holds_objects(schema.field(PROPERTIES).type) else None
    if not (TELLING & set(names) or nested or places is not None or says_stac(schema)):
        return None
    geometries = {
        name: encodings[name] for name in encodings if name == geometry or encodings[name] not in {TEXT, GEOJSON}
    }
    bbox = "bbox" if "bbox" in names and _is_box(schema.field("bbox").type) else None
    members = tuple(name for name in MEMBERS if name in names)
    left_out = tuple(name for name in names if name in index_columns(schema) and not _is_users_own(name, geometry))
    added = _added(schema)
    taken = {
        *members,
        geometry,
        bbox,
        nested,
        *added,
        *left_out,
        *(places or {}).values(),
        *(name for _, name in behind),
    }
    others = tuple(name for name in names if name not in taken)
    layout = Layout(
        members,
        others,
        geometry,
        geometries,
        bbox,
        places or {},
        places is not None,
        nested,
        left_out=left_out,
        added=added,
        behind=behind,
    )
    if not layout.is_plain:
        return layout
    return replace(layout, properties=(), geometries={geometry: geometries[geometry]}, foreign=others)


def folder_keys(schema: pa.Schema) -> frozenset[str]:
    """Give the keys of folders that our writer has put a file into: they are not of its items."""
    return frozenset(_names(schema, FOLDERS))


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Give the schema with plain strings and lists for views, which Arrow can't filter."""
    return pa.schema([field.with_type(_without_views(field.type)) for field in schema], metadata=schema.metadata)


def with_plain_types(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give the columns the types of a plain schema; those that have theirs stay as they are."""
    pairs = zip(batch.columns, schema, strict=True)
    columns = [column if column.type == field.type else _cast(column, field.type) for column, field in pairs]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    made = column.cast(kind)
    try:
        made.validate()
    except pa.ArrowInvalid:  # so pyarrow 26.0.1 leaves some lists of lists of nulls
        return pa.array(column.to_pylist(), kind)
    return made


def _places(schema: pa.Schema) -> tuple[dict[Place, str] | None, tuple[tuple[Place, str], ...]]:
    """Read where columns are in an item, and those before them for the same place; None where it isn't our file."""
    metadata = metadata_of(schema, PLACES_KEY)
    if metadata is None:
        return None, ()
    named = metadata.get(PLACES)
    places: dict[Place, str] = {}
    behind = []
    for column, place in named.items() if isinstance(named, dict) else ():
        texts = isinstance(place, list) and all(isinstance(name, str) for name in place)
        whole = texts and (len(place) == 1 or (len(place) == 2 and place[0] == PROPERTIES))  # noqa: PLR2004 - a pair
        if whole and place not in ([PROPERTIES], ["id"]) and column in schema.names:
            if tuple(place) in places:
                behind.append((tuple(place), places[tuple(place)]))
            places[tuple(place)] = column
    return places, tuple(behind)


def _added(schema: pa.Schema) -> tuple[str, ...]:
    return tuple(name for name in _names(schema, ADDED) if name in schema.names and name not in _NEVER_ADDED)


def _names(schema: pa.Schema, member: str) -> list[str]:
    names = (metadata_of(schema, PLACES_KEY) or {}).get(member)
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _encodings(schema: pa.Schema, marked: Collection[str]) -> dict[str, str]:
    """Give the encoding of every column that may hold geometries."""
    described = described_columns(schema)
    primary = geo_metadata(schema).get("primary_column")
    named = {primary} if isinstance(primary, str) else set[str]()
    wanted = {DEFAULT_GEOMETRY, *named, *described, *marked, *MORE_GEOMETRIES} - set(MEMBERS)
    found = {}
    for name in schema.names:
        if name in wanted:
            said = described.get(name, {}).get("encoding")
            encoding = encoding_of(schema.field(name), said if isinstance(said, str) else None)
            if encoding is not None and (encoding == WKB or name not in MORE_GEOMETRIES - described.keys()):
                found[name] = encoding
    return found


def _geometry_column(schema: pa.Schema, encodings: dict[str, str], marked: Collection[str]) -> str | None:
    named = geo_metadata(schema).get("primary_column")
    for name in (named, DEFAULT_GEOMETRY):
        if isinstance(name, str) and name in encodings:
            return name
    only = [name for name in schema.names if name in marked and name in encodings]
    return only[0] if len(only) == 1 else None


def _holds_objects(kind: pa.DataType) -> bool:
    kind, types = storage_of(kind), pa.types
    objects = types.is_struct(kind) or types.is_map(kind) or isinstance(kind, pa.JsonType)
    return objects or types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _is_users_own(name: str, geometry: str) -> bool:
    """Tell whether an index holds a part of the items: a user may make any column of a data frame its index."""
    return name in {*MEMBERS, *_COMMON, geometry, "bbox", PROPERTIES} or ":" in name


def _is_box(kind: pa.DataType) -> bool:
    """Tell whether a column holds boxes: as sides, as a list of numbers, or as JSON."""
    kind, types = storage_of(kind), pa.types
    if types.is_struct(kind):
        return {field.name for field in kind} >= _SIDES
    if isinstance(kind, pa.JsonType) or types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        return True
    return _is_list(kind)


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    tests = (
        types.is_list,
        types.is_large_list,
        types.is_fixed_size_list,
        types.is_list_view,
        types.is_large_list_view,
    )
    return any(test(kind) for test in tests)


def _without_views(kind: pa.DataType) -> pa.DataType:  # noqa: PLR0911 - one way out for each kind of type
    types = pa.types
    if types.is_string_view(kind):
        return pa.string()
    if types.is_binary_view(kind):
        return pa.binary()
    if types.is_struct(kind):
        return pa.struct([field.with_type(_without_views(field.type)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_without_views(kind.key_type), _without_views(kind.item_type))
    if not _is_list(kind):
        return kind
    element = kind.value_field.with_type(_without_views(kind.value_type))
    if types.is_fixed_size_list(kind):
        return pa.list_(element, kind.list_size)
    # pyarrow 26.0.1 casts a view to a list of the same width without its last offset, and to one of the other rightly.
    large = types.is_large_list(kind) or types.is_list_view(kind)
    return pa.large_list(element) if large else pa.list_(element)
