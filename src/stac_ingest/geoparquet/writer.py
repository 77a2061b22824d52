"""Items to a STAC-GeoParquet file, in bounded memory.

A Parquet file has one schema, and the last item can still bring a property that the first had not. So columns wait in a
spool file beside the target, and are written under the schema that fits all of them when the last has come.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.atomic import replacing
from stac_ingest.core.model import Item
from stac_ingest.geoparquet.column_names import column_names
from stac_ingest.geoparquet.early_file import ROWS, EarlyFile, are_settled
from stac_ingest.geoparquet.encoding import encoding_options
from stac_ingest.geoparquet.file_metadata import file_metadata
from stac_ingest.geoparquet.geo_metadata import GeoSummary
from stac_ingest.geoparquet.item_columns import ItemColumns, Slot, columns_of
from stac_ingest.geoparquet.spool import Spool
from stac_ingest.geoparquet.stac_schema import DEFAULT_GEOMETRY, MORE_GEOMETRIES, PROPERTIES

_BOX = Slot(("bbox",))
_GEOMETRY = Slot((DEFAULT_GEOMETRY,))


class GeoParquetWriter:
    """Writes items to one file, which is there, whole, once `close` has returned; nothing is there before."""

    def __init__(
        self,
        path: Path,
        row_group_items: int = 5000,
        changes: ChangeCollector | None = None,
        collections: Mapping[str, Any] | None = None,
        layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin a file.

        Args:
            path: of the file.
            row_group_items: rows of a row group.
            changes: told of values that the file can't hold.
            collections: documents of collections by id, as they are when the file is closed.
            layout: as `file_metadata` takes it.

        """
        self._path = path
        self._layout = layout
        self._row_group_items = row_group_items
        self._changes = changes or ChangeCollector()
        self._collections = {} if collections is None else collections
        self._spool = Spool(self._beside("spool"))
        self._early: EarlyFile | None = None
        self._early_names: dict[Slot, str] = {}
        self._may_be_early = True
        self._geo = GeoSummary()
        # Of columns that are named as geometries, rustac 0.9 takes no null.
        self._more_geometries = set(MORE_GEOMETRIES)

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
            TypeError, ValueError: it holds something that JSON can't.
            OSError: the spool file can't be written.

        """
        if items:
            self.write_columns(columns_of(items))

    def write_columns(self, made: ItemColumns) -> None:
        """Take items that are columns already: all of them, or none when it raises.

        They may come between items and other columns, in any order, with columns of their own and other types: the
        file's types are those that fit all of them. An array that is a slice, or that shares its buffers, is fine.

        Args:
            made: at least one row; `ItemColumns.columns` says what columns hold.

        Raises:
            OSError: the spool file can't be written.
            ArrowException: Arrow has no form for the columns.

        """
        if self._early is not None and self._early.takes(made.columns):
            self._early.add(made.columns)
        else:
            self._end_early()
            self._spool.add(made.columns)
            if self._may_be_early and self._spool.rows >= ROWS:
                self._begin_early()
        self._geo.add(made.outline, made.columns[_GEOMETRY], made.columns.get(_BOX))
        for name in MORE_GEOMETRIES:
            column = made.columns.get(Slot((PROPERTIES, name)))
            if column is None or column.null_count:
                self._more_geometries.discard(name)
        self._changes.add_null_members(made.null_members)
        for item, place, what in made.changes:
            self._changes.add(item, place, what)

    def close(self) -> None:
        """Write the file, and put it in its place.

        Raises:
            OSError: it can't be written; then nothing is left of it.

        """
        try:
            if self._early is not None:
                self._early.finish(self._path, self._metadata(self._early_names))
                return
            kinds = self._spool.kinds()
            names = column_names(kinds)
            schema = pa.schema([(names[slot], kind) for slot, kind in kinds.items()])
            schema = schema.with_metadata(self._metadata(names))
            with (
                replacing(self._path, sync="nothing") as part,
                pq.ParquetWriter(part, schema, **encoding_options(schema)) as file,
            ):
                tables = (pa.table(columns, schema=schema) for columns in self._spool.columns(kinds))
                for table in _grouped(tables, self._row_group_items):
                    file.write_table(table, row_group_size=self._row_group_items)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close and remove everything that is not finished."""
        self._spool.remove()
        if self._early is not None:
            self._early.remove()
            self._early = None

    def _begin_early(self) -> None:
        """Write what has come, and from now on what comes, if what has come tells all types."""
        kinds = self._spool.kinds()
        self._may_be_early = are_settled(self._spool.own_kinds())
        if not self._may_be_early:
            return
        names = column_names(kinds)
        self._early = EarlyFile(self._beside("early"), names, kinds, self._row_group_items)
        self._early_names = names
        for columns in self._spool.columns(kinds):
            self._early.add(dict(zip(kinds, columns, strict=True)))
        self._spool.remove()
        self._spool = Spool(self._beside("spool"))

    def _end_early(self) -> None:
        """Have what was written wait with what comes, whose types are other ones."""
        if self._early is None:
            return
        self._may_be_early = False
        for columns in self._early.columns():
            self._spool.add(columns)
        self._early.remove()
        self._early = None

    def _beside(self, what: str) -> Path:
        """Give the name of a file of the writer's own."""
        return self._path.with_name(f".{self._path.name}.{os.getpid()}.{what}")

    def _metadata(self, names: Mapping[Slot, str]) -> dict[str, str]:
        return file_metadata(
            self._geo, names, self._more_geometries, collections=self._collections, layout=self._layout
        )


def _grouped(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Join tables until they fill row groups; the last is what is left."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        held = sum(part.num_rows for part in waiting)
        if held >= rows:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, held - held % rows)
            waiting = [joined.slice(held - held % rows)] if held % rows else []
    if waiting:
        yield pa.concat_tables(waiting)
