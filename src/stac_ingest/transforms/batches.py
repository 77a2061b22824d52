"""The items of a batch, and the values that JSON keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from stac_ingest.core.finite import may_not_be_finite
from stac_ingest.core.model import Item
from stac_ingest.core.rows import ItemRows, LineRows, Rows


def objects_of(rows: Rows) -> Iterable[Item] | None:
    """Give the items of a batch, of lines made as they are asked for; None where the rows are of another form."""
    if isinstance(rows, ItemRows):
        return rows.objects
    if isinstance(rows, LineRows):
        return map(orjson.loads, rows.texts)
    return None


def is_json(value: Any) -> bool:
    """Whether a value comes out of JSON as it went in."""
    try:
        return bool(orjson.loads(orjson.dumps(value)) == value) and not may_not_be_finite(value)
    except (TypeError, ValueError):
        return False
