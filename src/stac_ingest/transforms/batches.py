"""The items of a batch, whatever its form, and the values that JSON keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from stac_ingest.core.finite import is_finite
from stac_ingest.core.model import Item
from stac_ingest.core.rows import ItemRows, LineRows, Rows

if TYPE_CHECKING:
    from stac_ingest.geoparquet.table_rows import TableRows


def objects_of(rows: Rows, names: Collection[str] | None) -> Iterable[Item] | None:
    """Give the items of a batch, of lines made as they are asked for; None where they have to come one by one.

    Args:
        rows: the batch.
        names: properties and members that are asked for; of a table, the others may be missing. None for all.

    """
    if isinstance(rows, ItemRows):
        return rows.objects
    if isinstance(rows, LineRows):
        return map(orjson.loads, rows.texts)
    table = _table_of(rows)
    if table is None or table.decoder.layout is None or names is None:
        return None
    from stac_ingest.transforms.columns import looked_at  # noqa: PLC0415 - see below

    return looked_at(table.decoder.plain(table.batch), table.decoder.layout, names)


def updated_table(
    rows: Rows, *, rename: Mapping[str, str], remove: Collection[str], values: Mapping[str, Any]
) -> Rows | None:
    """Rename, remove and set properties of the rows of a table, in this order.

    Args:
        rows: the batch.
        rename: old names to new ones.
        remove: names.
        values: names and values to set.

    Returns:
        None where the rows are no table's, or have to come one by one.

    """
    table = _table_of(rows)
    if table is None or table.decoder.layout is None:
        return None
    from stac_ingest.geoparquet.decoder import Decoder  # noqa: PLC0415 - see below
    from stac_ingest.geoparquet.table_rows import table_rows  # noqa: PLC0415 - same
    from stac_ingest.transforms.columns import updated  # noqa: PLC0415 - same

    batch = table.decoder.plain(table.batch)
    changed = updated(batch, table.decoder.layout, rename=rename, remove=remove, values=values)
    if changed is None:
        return None
    return rows if changed is batch else table_rows(changed, Decoder(changed.schema))


def _table_of(rows: Rows) -> TableRows | None:
    if isinstance(rows, ItemRows | LineRows):
        return None
    # Only who reads a table needs Arrow.
    from stac_ingest.geoparquet.table_rows import TableRows  # noqa: PLC0415

    return rows if isinstance(rows, TableRows) else None


def is_json(value: Any) -> bool:
    """Whether a value comes out of JSON as it went in."""
    try:
        return bool(orjson.loads(orjson.dumps(value)) == value) and is_finite(value)
    except (TypeError, ValueError):
        return False
