"""The items of a batch, one after another."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from stac_ingest.core.model import Item
from stac_ingest.core.rows import ItemRows, LineRows, Rows


def objects_of(rows: Rows) -> Iterable[Item] | None:
    """Give the items of a batch, of lines made as they are asked for; None where the rows are of another form."""
    if isinstance(rows, ItemRows):
        return rows.objects
    if isinstance(rows, LineRows):
        return map(orjson.loads, rows.texts)
    return None
