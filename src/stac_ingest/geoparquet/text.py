"""Rows of STAC-GeoParquet to the JSON text of items, in columns.

DuckDB builds the item as a struct and writes it as JSON: making Python objects out of Arrow columns directly costs
several times what it costs to write JSON natively and parse that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.layout import Layout

TABLE = "batch"


class ItemText:
    """Writes the items of one schema as JSON.

    Columns are renamed to numbers for the query, so whatever a stranger calls a column never becomes part of it but as
    a quoted key.
    """

    def __init__(self, schema: pa.Schema, layout: Layout) -> None:
        self._layout = layout
        self._number = {name: number for number, name in enumerate(schema.names)}
        self._kinds = {field.name: _plain(field.type) for field in schema}
        text = f"CAST(to_json({self._item()}) AS VARCHAR)"
        self._query = f"SELECT {text} FROM {TABLE}"  # noqa: S608 - names are quoted

    @staticmethod
    def supports(schema: pa.Schema, layout: Layout) -> bool:
        """Tell whether every column has a type that comes out of the query as JSON should have it."""
        kinds = [_plain(schema.field(name).type) for name in (*layout.members, *layout.properties)]
        return _distinct((*layout.properties,)) and all(_is_timestamp(kind) or _writes_well(kind) for kind in kinds)

    def write(
        self, batch: pa.RecordBatch, geometry: pa.Array, connection: duckdb.DuckDBPyConnection
    ) -> pa.ChunkedArray:
        """Give a column of JSON text, an item a row, in the order of the rows."""
        columns = [
            geometry if name == self._layout.geometry else _prepared(column)
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        table = pa.table(columns, names=[f"c{number}" for number in range(len(columns))])
        cursor = connection.cursor()
        try:
            cursor.register(TABLE, table)
            return cursor.sql(self._query).to_arrow_table().column(0)
        finally:
            cursor.close()

    def _item(self) -> str:
        pairs = [(name, self._expression(name)) for name in self._layout.members]
        pairs.insert(pairs.index(next(p for p in pairs if p[0] == "id")) + 1, ("geometry", self._geometry()))
        if self._layout.bbox is not None:
            pairs.append(("bbox", self._box(self._layout.bbox)))
        properties = [(name, self._expression(name)) for name in self._layout.properties]
        pairs.append(("properties", _struct(properties) if properties else "json_object()"))
        return _struct(pairs)

    def _geometry(self) -> str:
        return f"CAST({self._column(self._layout.geometry)} AS JSON)"

    def _box(self, name: str) -> str:
        column = self._column(name)
        sides = {field.name for field in self._kinds[name]}
        order = (
            ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax") if "zmin" in sides else ("xmin", "ymin", "xmax", "ymax")
        )
        values = ", ".join(f"{column}.{side}" for side in order)
        return f"CASE WHEN {column} IS NOT NULL THEN [{values}] END"

    def _expression(self, name: str) -> str:
        column = self._column(name)
        kind = self._kinds[name]
        if not _is_timestamp(kind) or kind.unit == "ns":
            return column
        stamp = f"CAST({column} AS TIMESTAMP)"
        second = "%Y-%m-%dT%H:%M:%S"
        return (
            f"CASE WHEN epoch_us({stamp}) % 1000000 = 0 THEN strftime({stamp}, '{second}Z') "
            f"WHEN epoch_us({stamp}) % 1000 = 0 THEN strftime({stamp}, '{second}.%gZ') "
            f"ELSE strftime({stamp}, '{second}.%fZ') END"
        )

    def _column(self, name: str) -> str:
        return f"c{self._number[name]}"


def _struct(pairs: Iterable[tuple[str, str]]) -> str:
    return "struct_pack(" + ", ".join(f"{_quoted(name)} := {value}" for name, value in pairs) + ")"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _prepared(column: pa.Array) -> pa.Array:
    """Give a column in a type that the query takes: instants in UTC without a zone, nanoseconds as text already."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind = column.type
    if not _is_timestamp(kind):
        return column
    if kind.unit != "ns":
        return column.cast(pa.timestamp(kind.unit))
    text = pc.replace_substring(pc.cast(column.cast(pa.timestamp("ns")), pa.string()), " ", "T")
    return pc.binary_join_element_wise(_shortened(text), "Z", "")


def _shortened(text: pa.Array) -> pa.Array:
    whole = pc.replace_substring_regex(text, r"\.0+$", "")
    return pc.replace_substring_regex(whole, r"(\.\d{3}(?:\d{3})??)(?:000)+$", r"\1")


def _plain(kind: pa.DataType) -> Any:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _is_timestamp(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind))


def _writes_well(kind: pa.DataType) -> bool:
    """Tell whether DuckDB writes a type as the JSON that an item would have."""
    types = pa.types
    if types.is_struct(kind):
        return (
            kind.num_fields > 0
            and _distinct([field.name for field in kind])
            and all(_writes_well(_plain(field.type)) for field in kind)
        )
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _writes_well(_plain(kind.value_type))
    if types.is_dictionary(kind):
        return _writes_well(kind.value_type)
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_float64(kind)
        or types.is_null(kind)
        or types.is_date(kind)
    )


def _distinct(names: Iterable[str]) -> bool:
    """Tell whether names differ in more than case, which is all that DuckDB tells apart."""
    folded = [name.casefold() for name in names]
    return "" not in folded and len(set(folded)) == len(folded)
