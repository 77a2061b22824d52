"""What only the rows of a table tell: whether ids come twice, boxes are right, and folders say what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
import shapely.geometry

from stac_ingest.core.id_set import IdSet
from stac_ingest.core.model import Item
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.scalar_columns import decode_storage
from stac_ingest.sources.hive import keys_of
from stac_ingest.table_check.findings import Finding, some_of
from stac_ingest.table_check.search_cost import Sample
from stac_ingest.table_check.table_files import TableFile

_ROWS = 20_000
_TIMES = ("datetime", "start_datetime")
_NEAR = 1e-6
_WIDE = 180
_NAMED = 100

Say = Callable[[str], None]


def row_findings(files: Sequence[TableFile], sample: Sample, say: Say) -> Iterator[Finding]:
    """Look at the sampled items, and at ids and times of all rows."""
    yield _readable(sample)
    yield _boxes(sample)
    scan = _Scan(files)
    scan.run(say)
    yield from scan.findings()


def _readable(sample: Sample) -> Finding:
    if sample.wrong:
        return Finding("rows", "failure", f"can't be read: {some_of(sample.wrong)}", "rewrite the table")
    if sample.rejected:
        return Finding(
            "rows", "failure", f"of {len(sample.items) + sample.rejected:,} sampled, {sample.rejected:,} are no items"
        )
    return Finding("rows", "pass", f"{counted(len(sample.items), 'sampled row is an item', 'sampled rows are items')}")


def _boxes(sample: Sample) -> Finding:
    wrong, none = [], []
    for name, item in sample.items:
        right = _is_right(item)
        if right is None:
            none.append(f"{name}: {item.get('id')}")
        elif not right:
            wrong.append(f"{name}: {item.get('id')}")
    if wrong:
        return Finding(
            "boxes",
            "failure",
            f"the geometry isn't within the box of {some_of(wrong)} (of {len(sample.items):,} sampled): searches miss "
            "the item, or read for nothing",
            "set the boxes to those of the geometries",
        )
    if none:
        return Finding("boxes", "warning", f"a geometry without a box: {some_of(none)}", "give every item its box")
    return Finding("boxes", "pass", f"right in {counted(len(sample.items), 'sampled item')}")


def _is_right(item: Item) -> bool | None:
    """Whether the geometry is in the box; None where there is no box to compare."""
    geometry, box = item.get("geometry"), item.get("bbox")
    if geometry is None:
        return True
    if not isinstance(box, list) or len(box) not in (4, 6) or not all(type(side) in (int, float) for side in box):
        return None
    west, south, east, north = (box[0], box[1], box[len(box) // 2], box[len(box) // 2 + 1])
    try:
        x0, y0, x1, y1 = shapely.geometry.shape(geometry).bounds
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError):
        return True  # a geometry without points has nothing to be in a box
    if south > y0 + _NEAR or north < y1 - _NEAR:
        return False
    if east < west or x1 - x0 > _WIDE:
        return True  # over the antimeridian, coordinates alone don't say what is within
    return bool(west <= x0 + _NEAR and east >= x1 - _NEAR)


class _Scan:
    """Goes through ids and times of all rows."""

    def __init__(self, files: Sequence[TableFile]) -> None:
        self._files = files
        self._ids = IdSet()
        self._twice: list[str] = []
        self._repeated = 0
        self._nameless = 0
        self._misplaced: dict[str, int] = {}
        self._in_folders = 0
        self._wrong: list[str] = []

    def run(self, say: Say) -> None:
        total, done = sum(file.metadata.num_rows for file in self._files), 0
        for file in self._files:
            wanted = _folder_times(file)
            names = [name for name in ("id", "collection", *_TIMES) if name in file.schema.names]
            self._in_folders += wanted is not None
            for number in file.groups:
                try:
                    for batch in file.batches(number, _ROWS, names):
                        self._look(file.name, batch, wanted)
                        done += len(batch)
                        say(f"checking: {done:,} of {total:,} rows")
                except (DataProcessingError, ValueError, pa.ArrowException) as error:
                    self._wrong.append(str(error))

    def _look(self, name: str, batch: pa.RecordBatch, wanted: tuple[int, int] | None) -> None:
        rows = len(batch)
        collections = _texts(batch, "collection") or [None] * rows
        keys = [
            (collection or "", item_id or "")
            for collection, item_id in zip(collections, _texts(batch, "id"), strict=True)
        ]
        self._nameless += sum(not item_id for _, item_id in keys)
        for collection, item_id in keys:
            if item_id and not self._ids.add(collection, item_id):
                self._repeated += 1
                if len(self._twice) < _NAMED:
                    self._twice.append(item_id)
        self._ids.pack()
        if wanted is not None:
            months = _months(batch)
            known = months != np.iinfo(np.int64).min
            outside = int((known & ((months < wanted[0]) | (months > wanted[1]))).sum())
            if outside:
                self._misplaced[name] = self._misplaced.get(name, 0) + outside

    def findings(self) -> Iterator[Finding]:
        if self._wrong:
            yield Finding("ids", "failure", f"can't be read: {some_of(self._wrong)}", "rewrite the table")
        elif self._nameless or self._repeated:
            what = f"{counted(self._repeated, 'duplicate')}, such as {some_of(self._twice)}"
            if not self._repeated:
                what = f"{counted(self._nameless, 'row has', 'rows have')} none"
            yield Finding("ids", "failure", what, "remove duplicates: `stac-ingest` does, and names them")
        else:
            yield Finding("ids", "pass", f"{len(self._ids):,}, each once in its collection")
        if self._misplaced:
            yield Finding(
                "folders",
                "failure",
                f"{counted(sum(self._misplaced.values()), 'item is', 'items are')} of another year or month than the "
                f"folder says, in {some_of(self._misplaced)}: a reader that goes by folders misses them",
                "rewrite it with `stac-ingest TABLE --to sorted-geoparquet --partition month --output DIR`",
            )
        elif self._in_folders:
            yield Finding(
                "folders",
                "pass",
                f"{counted(self._in_folders, 'file holds', 'files hold')} the year and month of the folder",
            )


def _folder_times(file: TableFile) -> tuple[int, int] | None:
    """Return the first and last month, since January 1970, that a file's folders say; None where they say none."""
    keys: dict[str, Any] = keys_of(file.name)
    year, month = keys.get("year"), keys.get("month")
    if type(year) is not int:
        return None
    first = (year - 1970) * 12
    if type(month) is not int:
        return first, first + 11
    return first + month - 1, first + month - 1


def _months(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the month of each row: of `datetime`, or of the start."""
    nothing = np.iinfo(np.int64).min
    found = np.full(len(batch), nothing)
    for name in reversed(_TIMES):
        if name in batch.schema.names and pa.types.is_timestamp(batch.schema.field(name).type):
            column = batch.column(name).cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
            known = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), bool)
            instants = np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
            months = instants.view("datetime64[us]").astype("datetime64[M]").astype(np.int64)
            found = np.where(known, months, found)
    return found


def _texts(batch: pa.RecordBatch, name: str) -> list[str | None]:
    if name not in batch.schema.names:
        return []
    values = decode_storage(batch.column(name)).to_pylist()
    return [value if isinstance(value, str) or value is None else str(value) for value in values]
