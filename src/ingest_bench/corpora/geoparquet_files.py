"""Writes STAC-GeoParquet: one row an item, properties as columns, geometry as WKB."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from ingest_bench.corpora.inventory import file_entry
from ingest_bench.corpora.items import ItemFactory, collection
from ingest_bench.corpora.parts import Part, spread

ROW_GROUP = 5000
_BATCH = 1000
"""Rows converted at once: as dicts they take forty times the room that they take as columns."""
_TIMES = ("datetime", "created", "updated")
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_SCALARS: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bytes: pa.binary(),
    datetime: pa.timestamp("ms", tz="UTC"),
}


def write_files(factory: ItemFactory, folder: Path, files: Sequence[tuple[str, range]], workers: int) -> Part:
    """Write files of these names, each with the items of these numbers, into `folder`."""
    whole = Part(writer=f"pyarrow {pa.__version__}")
    for part in spread(partial(_write_file, factory, folder), files, workers):
        whole.merge(part)
    return whole


def _write_file(factory: ItemFactory, folder: Path, task: tuple[str, range]) -> Part:
    """Write one file, a row group at a time."""
    name, indexes = task
    part = Part()
    schema = _schema(factory.item(0))
    with pq.ParquetWriter(folder / name, schema, compression="snappy") as writer:
        for start in range(0, len(indexes), ROW_GROUP):
            group = indexes[start : start + ROW_GROUP]
            batches = []
            for first in range(0, len(group), _BATCH):
                items = [factory.item(index) for index in group[first : first + _BATCH]]
                for item in items:
                    part.tally.add(item)
                batches.append(pa.RecordBatch.from_pylist([_row(item) for item in items], schema=schema))
            writer.write_table(pa.Table.from_batches(batches), row_group_size=ROW_GROUP)
    part.entries.append(file_entry(folder / name, name))
    part.file_references[name] = part.tally.reference()
    return part


def _row(item: dict[str, Any]) -> dict[str, Any]:
    """Flatten an item into a row."""
    row: dict[str, Any] = {key: value for key, value in item.items() if key != "properties"}
    row |= item["properties"]
    for key in _TIMES:
        row[key] = datetime.fromisoformat(row[key])
    row["geometry"] = shapely.to_wkb(shapely.geometry.shape(item["geometry"]), byte_order=1)
    row["bbox"] = dict(zip(_SIDES, item["bbox"], strict=True))
    return row


def _schema(item: dict[str, Any]) -> pa.Schema:
    """Read the columns off an item: all items have the same keys and types."""
    row = _row(item)
    fields = [pa.field(key, _type(value), nullable=key != "id") for key, value in row.items()]
    about = {"version": "1.1.0", "collections": {item["collection"]: collection()}}
    return pa.schema(fields, metadata={"geo": orjson.dumps(_geo_metadata()), "stac-geoparquet": orjson.dumps(about)})


def _type(value: Any) -> pa.DataType:
    if isinstance(value, dict):
        return pa.struct([(key, _type(inner)) for key, inner in value.items()])
    if isinstance(value, list):
        return pa.list_(_type(value[0]))
    return _SCALARS[type(value)]


def _geo_metadata() -> dict[str, Any]:
    return {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                # Unknown, says the empty list. Told of both types, rustac 0.9 makes every Polygon a MultiPolygon.
                "geometry_types": [],
                "covering": {"bbox": {side: ["bbox", side] for side in _SIDES}},
            }
        },
    }
