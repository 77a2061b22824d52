"""The second phase: from parts in any order to files that are sorted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from stac_ingest.core.atomic import sync_to_disk
from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.column_names import column_names
from stac_ingest.geoparquet.early_file import EarlyFile
from stac_ingest.geoparquet.file_metadata import file_metadata
from stac_ingest.geoparquet.geo_metadata import GeoSummary
from stac_ingest.geoparquet.geos_shapes import outline_of
from stac_ingest.geoparquet.item_boxes import FLAT_SIDES
from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.settled_types import settled_kinds, with_kinds
from stac_ingest.geoparquet.stac_schema import ADDED, DEFAULT_GEOMETRY, FOLDERS, MORE_GEOMETRIES, PROPERTIES, SORT_KEY
from stac_ingest.outputs.sorted_geoparquet.plan import FOLDERS as KEYS
from stac_ingest.outputs.sorted_geoparquet.plan import PlannedFile, plan_files
from stac_ingest.outputs.sorted_geoparquet.ranking import Ranking, rank
from stac_ingest.outputs.sorted_geoparquet.runs import Run
from stac_ingest.outputs.sorted_geoparquet.settings import LayoutSettings
from stac_ingest.outputs.sorted_geoparquet.spill import RANK, Spill
from stac_ingest.outputs.sorted_geoparquet.where_and_when import NOWHERE, covers_of

KEY, COVER = "spatiotemporal_key", "geometry_bbox"
"""What the columns of keys, and of boxes beside the items' own, are called where no property is called so."""
WAITING_BYTES = 96 << 20
"""Of rows that wait for the file they are sorted through."""
GROUP_BYTES = 128 << 20
"""Of a row group in memory."""
_FEWEST = 1000
"""Rows that a row group may have however large they are."""
_SAMPLES, _SAMPLED_ROWS = 16, 200
_BOX, _GEOMETRY = Slot(("bbox",)), Slot((DEFAULT_GEOMETRY,))
_KEY, _COVER = Slot(("stac_ingest", SORT_KEY)), Slot(("stac_ingest", "covering"))
_COVERS = pa.struct([(side, pa.float64()) for side in FLAT_SIDES])

Say = Callable[[str], None]
"""Told how far the work is, in words."""


class Table(NamedTuple):
    """The columns of the table that is made."""

    kinds: Mapping[Slot, pa.DataType]
    names: Mapping[Slot, str]
    """Of the columns."""
    key: str
    """The name of the column of keys."""
    cover: str
    """The name of the column of boxes, where any file needs one."""


def lay_out(
    runs: Sequence[Run],
    folder: Path,
    settings: LayoutSettings,
    collections: Mapping[str, Any],
    say: Say,
) -> list[tuple[Path, str]]:
    """Sort the items of several runs into new files, which are on disk when this returns.

    Memory is bounded: rows of `WAITING_BYTES`, a few row groups, and some 50 bytes an item for the order.

    Args:
        runs: with at least one item.
        folder: to write to; what it has is left alone, but for what this writes.
        settings: of the layout.
        collections: documents of collections by id, for the files' metadata.
        say: told how far it is.

    Returns:
        Each file, and the name that it is to have below the output folder.

    Raises:
        OSError: a file can't be written.
        DataProcessingError: a run can't be read, or the disk has too little room.

    """
    say("sorting: looking where and when the items are")
    table = _table(runs, KEYS[settings.partition])
    ranking = rank(runs, settings.partition)
    item_bytes = sum(run.size for run in runs) / len(ranking.ranks)
    most_rows = max(_FEWEST, int(GROUP_BYTES / _row_bytes(runs)))
    planned = plan_files(ranking.sections, item_bytes, settings, most_rows)
    starts = np.array([start for file in planned for start, _ in file.groups()], np.int64)
    numbered = [(str(number), kind) for number, kind in enumerate(table.kinds.values())]
    schema = pa.schema([*numbered, (RANK, pa.uint32())])
    spill = Spill(folder / "spill", schema, starts, WAITING_BYTES)
    try:
        _fill(spill, runs, table, ranking, say)
        layout = {SORT_KEY: _about(table, settings), FOLDERS: KEYS[settings.partition]}
        writer = _Writer(spill, table, ranking, layout, collections)
        return [
            (writer.write(file, folder / f"{number:05d}.parquet", say), file.name)
            for number, file in enumerate(planned)
        ]
    finally:
        spill.close()


def _about(table: Table, settings: LayoutSettings) -> dict[str, Any]:
    axes = ["longitude", "latitude"]
    return {
        "column": table.key,
        "curve": "hilbert",
        "axes": axes if settings.partition == "month" else [*axes, "datetime"],
    }


def _table(runs: Sequence[Run], folders: Sequence[str]) -> Table:
    kinds = settled_kinds([run.kinds for run in runs], lambda number, slots: runs[number].read(slots))
    # Readers take what a folder says for a column of that name, instead of the one in the file, or fail.
    names = column_names(kinds, folders)
    taken = set(names.values())
    return Table(kinds, names, _free(KEY, taken), _free(COVER, taken))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _row_bytes(runs: Sequence[Run]) -> float:
    """Estimate how much memory a row takes."""
    some = runs[:: max(1, len(runs) // _SAMPLES)]
    sizes = []
    for run in some:
        first = next(run.batches(rows=_SAMPLED_ROWS), None)
        if first:
            rows = len(next(iter(first.values())))
            sizes.append(sum(column.nbytes for column in first.values()) / rows)
    return float(max(1.0, sum(sizes) / max(1, len(sizes))))


def _fill(spill: Spill, runs: Sequence[Run], table: Table, ranking: Ranking, say: Say) -> None:
    """File all rows away."""
    names = [*map(str, range(len(table.kinds))), RANK]
    start, total = 0, len(ranking.ranks)
    checked = False
    for run in runs:
        for columns in run.batches():
            made = with_kinds(columns, table.kinds)
            stop = start + len(made[0])
            rows = pa.RecordBatch.from_arrays([*made, pa.array(ranking.ranks[start:stop])], names=names)
            start = stop
            if spill.add(rows):
                say(f"sorting: {start:,} of {total:,} items read")
                if not checked:
                    _check_room(spill, total, sum(one.size for one in runs))
                    checked = True
    spill.flush()
    if start != total:
        raise DataProcessingError("a part was changed while it was sorted")


def _check_room(spill: Spill, total: int, written: int) -> None:
    """See that what is to come has room on the disk: the rest of the rows, and then the files made of them.

    Raises:
        DataProcessingError: it hasn't.

    """
    needed = spill.size * (total - spill.rows) // spill.rows + written
    free = shutil.disk_usage(spill.path.parent).free
    if needed > free:
        raise DataProcessingError(
            f"to sort the table takes {needed / (1 << 30):.1f} GiB more on the disk of the output folder, which has "
            f"{free / (1 << 30):.1f} GiB left; all items are kept: free some space, and run with --resume"
        )


class _Writer:
    """Writes files of sorted rows."""

    def __init__(
        self,
        spill: Spill,
        table: Table,
        ranking: Ranking,
        layout: Mapping[str, Any],
        collections: Mapping[str, Any],
    ) -> None:
        self._spill = spill
        self._table = table
        self._ranking = ranking
        self._layout = layout
        self._collections = collections
        self._has_covers = any(section.is_uncovered for section in ranking.sections)
        """Then all files have the column of boxes: readers take the columns of the first file for those of all."""
        self._group = 0

    def write(self, planned: PlannedFile, path: Path, say: Say) -> Path:
        """Write a file, and return its path."""
        kinds, names = {**self._table.kinds, _KEY: pa.int64()}, {**self._table.names, _KEY: self._table.key}
        if self._has_covers:
            kinds[_COVER], names[_COVER] = _COVERS, self._table.cover
        file = EarlyFile(path.with_suffix(".early"), names, kinds, planned.group)
        geo, more = GeoSummary(), set(MORE_GEOMETRIES)
        try:
            for start, stop in planned.groups():
                columns = self._columns(start, stop)
                shapes = _shapes(columns[_GEOMETRY])
                geo.add(outline_of(shapes, shapely.bounds(shapes)), columns[_GEOMETRY], columns.get(_BOX))
                for name in MORE_GEOMETRIES:
                    column = columns.get(Slot((PROPERTIES, name)))
                    if column is None or column.null_count:
                        more.discard(name)
                if self._has_covers:
                    covers = covers_of(columns) if planned.is_uncovered else pa.nulls(stop - start, _COVERS)
                    columns[_COVER] = covers
                file.add(columns)
                say(f"sorting: {stop:,} of {len(self._ranking.ranks):,} items written")
            added = [self._table.key, *([self._table.cover] if self._has_covers else [])]
            metadata = file_metadata(
                geo,
                self._table.names,
                more,
                covering=self._table.cover if planned.is_uncovered else None,
                collections=self._collections,
                layout={**self._layout, ADDED: added},
            )
            file.finish(path, metadata)
        finally:
            file.remove()
        sync_to_disk(path)
        return path

    def _columns(self, start: int, stop: int) -> dict[Slot, pa.Array]:
        rows = self._spill.group(self._group)
        self._group += 1
        if len(rows) != stop - start:
            raise DataProcessingError("a part was changed while it was sorted")
        columns = {slot: column.combine_chunks() for slot, column in zip(self._table.kinds, rows.columns, strict=True)}
        keys = self._ranking.keys[start:stop]
        columns[_KEY] = pa.array(keys, mask=keys == NOWHERE)
        return columns


def _shapes(column: pa.Array) -> Any:
    try:
        return shapely.from_wkb(np.array([*column.to_pylist(), None], object)[:-1])
    except shapely.errors.ShapelyError as error:
        raise DataProcessingError(f"a geometry of a part can't be read: {error}") from error
