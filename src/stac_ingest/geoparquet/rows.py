"""Rows of STAC-GeoParquet to items by way of Python objects: slower, for the types that `text` leaves out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa

from stac_ingest.geoparquet.layout import Layout
from stac_ingest.sources.base import Item


def items_of_rows(batch: pa.RecordBatch, geometry: pa.Array, layout: Layout) -> Iterator[Item]:
    """Yield an item for each row, nulls included."""
    for row, shape in zip(batch.to_pylist(), geometry, strict=True):
        item = {name: _json(row[name]) for name in layout.members}
        item["geometry"] = orjson.loads(shape.as_py()) if shape.is_valid else None
        if layout.bbox is not None:
            item["bbox"] = _box(row[layout.bbox])
        item["properties"] = {name: _json(row[name]) for name in layout.properties}
        yield item


def _box(box: dict[str, float] | None) -> list[float] | None:
    if box is None:
        return None
    sides = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax") if "zmin" in box else ("xmin", "ymin", "xmax", "ymax")
    return [box[side] for side in sides]


def _json(value: Any) -> Any:  # noqa: PLR0911 - one way out for each kind of value
    """Give a value in the form that JSON has for it."""
    match value:
        case dict():
            return {key: _json(member) for key, member in value.items()}
        case list() if value and all(isinstance(member, tuple) for member in value):
            return {str(key): _json(member) for key, member in value}
        case list():
            return [_json(member) for member in value]
        case dt.datetime():
            return _instant(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case bytes():
            return value.hex()
        case float() if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - tests for NaN
            return None
        case _:
            return value


def _instant(value: dt.datetime) -> str:
    moment = value.astimezone(dt.UTC) if value.tzinfo else value
    digits = (
        "auto" if not moment.microsecond else ("milliseconds" if moment.microsecond % 1000 == 0 else "microseconds")
    )
    return moment.replace(tzinfo=None).isoformat(timespec=digits) + "Z"
