"""Items to a STAC-GeoParquet file, in bounded memory.

A Parquet file has one schema, and the last item can still bring a property that the first had not. So tables wait in a
spool file beside the target, and are written under the schema that fits all of them when the last has come.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from stac_ingest.core.atomic import replacing
from stac_ingest.core.model import Item
from stac_ingest.geoparquet.item_columns import table_of
from stac_ingest.geoparquet.schema_merge import cast_to, merge_schemas

STAC_GEOPARQUET_VERSION = "1.1.0"
GEOPARQUET_VERSION = "1.1.0"


class _Segment(NamedTuple):
    offset: int
    schema: pa.Schema


class GeoParquetWriter:
    """Writes items to one file, which is there, whole, once `close` has returned; nothing is there before."""

    def __init__(self, path: Path, row_group_items: int = 5000) -> None:
        self._path = path
        self._row_group_items = row_group_items
        self._spool_path = path.with_name(f".{path.name}.{os.getpid()}.spool")
        self._spool_path.unlink(missing_ok=True)
        self._spool = self._spool_path.open("x+b")
        self._segments: list[_Segment] = []
        self._kinds: set[str] = set()
        self._bounds = np.array([np.nan] * 4)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def write(self, items: Sequence[Item]) -> None:
        """Take items: all of them, or none when it raises.

        Raises:
            ItemError: an item has a geometry, a box or an instant that is none.
            OSError: the spool file can't be written.

        """
        if not items:
            return
        table = table_of(items)
        segment = _Segment(self._spool.tell(), table.schema)
        try:
            with pa.ipc.new_stream(self._spool, table.schema) as stream:
                stream.write_table(table)
        except OSError:
            self._spool.truncate(segment.offset)
            self._spool.seek(segment.offset)
            raise
        self._segments.append(segment)
        self._add_bounds(table["geometry"])

    def close(self) -> None:
        """Write the file, and put it in its place.

        Raises:
            OSError: it can't be written; then nothing is left of it.

        """
        try:
            self._spool.flush()
            schema = merge_schemas([segment.schema for segment in self._segments] or [_EMPTY])
            metadata = schema.with_metadata(self._metadata())
            with (
                replacing(self._path, sync="nothing") as part,
                pq.ParquetWriter(part, metadata, compression="zstd") as file,
            ):
                for table in _grouped(self._tables(schema), self._row_group_items):
                    file.write_table(table, row_group_size=self._row_group_items)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close and remove everything that is not finished."""
        with contextlib.suppress(OSError):  # a full disk refuses what is still buffered, and nobody wants it any more
            self._spool.close()
        self._spool_path.unlink(missing_ok=True)

    def _tables(self, schema: pa.Schema) -> Iterator[pa.Table]:
        for segment in self._segments:
            self._spool.seek(segment.offset)
            with pa.ipc.open_stream(self._spool) as stream:
                yield cast_to(stream.read_all(), schema)

    def _add_bounds(self, column: pa.ChunkedArray) -> None:
        geometries = shapely.from_wkb(column.to_numpy())
        numbers, solid = shapely.get_type_id(geometries).tolist(), shapely.has_z(geometries).tolist()
        for number, deep in set(zip(numbers, solid, strict=True)):
            if number >= 0:
                self._kinds.add(_GEOMETRY_NAMES[shapely.GeometryType(number).name] + (" Z" if deep else ""))
        west, south, east, north = shapely.total_bounds(geometries)
        low = np.fmin(self._bounds[:2], (west, south))
        high = np.fmax(self._bounds[2:], (east, north))
        self._bounds = np.concatenate((low, high))

    def _metadata(self) -> dict[str, str]:
        geometry: dict[str, Any] = {
            "encoding": "WKB",
            # Readers that are told of two kinds may turn one into the other; told of none, they look at each geometry.
            "geometry_types": sorted(self._kinds) if len(self._kinds) == 1 else [],
        }
        if not np.isnan(self._bounds).any():
            geometry["bbox"] = self._bounds.tolist()
        geo = {"version": GEOPARQUET_VERSION, "primary_column": "geometry", "columns": {"geometry": geometry}}
        return {"geo": json.dumps(geo), "stac-geoparquet": json.dumps({"version": STAC_GEOPARQUET_VERSION})}


_EMPTY = pa.schema([("id", pa.string()), ("assets", pa.null()), ("geometry", pa.binary())])

_GEOMETRY_NAMES = {
    "POINT": "Point",
    "LINESTRING": "LineString",
    "LINEARRING": "LineString",
    "POLYGON": "Polygon",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
    "GEOMETRYCOLLECTION": "GeometryCollection",
}


def _grouped(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Join tables until they fill a row group."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(part.num_rows for part in waiting) >= rows:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
