"""Items as rows of PostgreSQL's binary COPY: the server has nothing left to parse but the JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from struct import pack
from typing import Any, NamedTuple

from stac_ingest.api.intervals import EARLIEST, LATEST, SECOND, parse_instant
from stac_ingest.changes import ChangeCollector
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import ItemError
from stac_ingest.outputs.base import encode_json
from stac_ingest.outputs.pgstac.base_items import TAG, dehydrated
from stac_ingest.outputs.pgstac.ewkb import ewkb

COLUMNS = ("id", "geometry", "collection", "datetime", "end_datetime", "content", "private")
"""Of `items`, in the order of a row here."""

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_FIELDS = len(COLUMNS).to_bytes(2, "big")
_JSONB = b"\1"
_EPOCH_US = 946_684_800_000_000
"""The year 2000, from which PostgreSQL counts, in microseconds since 1970."""
_NUL = b"\\u0000"
_BEYOND_MICROSECONDS = re.compile(r"\.\d{6}([5-9])")
_NO_NULL = "null, which pgstac can't hold beside a base item; left out"
_SHORTEST = len("2020-01-01")
ELSEWHERE = frozenset({"id", "geometry", "collection", "type", "private", TAG})
"""Members that are columns, or the same in every item."""


class BaseItem(NamedTuple):
    """What the items of a collection are stored against."""

    base: dict[str, Any]
    """Of the members that are not `ELSEWHERE`."""
    tag: int | None
    """Which of the collection's base items it is; None until the collection was edited."""


class Row(NamedTuple):
    """An item, encoded."""

    key: Key
    start: int
    """Microseconds since 1970."""
    end: int
    data: bytes
    """As COPY takes it."""


def row_of(item: Item, base: BaseItem, changes: ChangeCollector, *, is_finite: bool = False) -> Row:
    """Encode an item.

    Args:
        item: with a collection.
        base: what its collection's items are stored against.
        changes: told of values that pgstac can't hold.
        is_finite: whether it is of JSON text, and so has neither NaN nor infinities.

    Raises:
        ItemError: pgstac doesn't take such an item.

    """
    key = key_of(item)
    start, end = _times(item.get("properties"))
    geometry = item.get("geometry")
    if type(geometry) is not dict:
        raise ItemError("it has no geometry, and pgstac takes no item without one")
    shape = ewkb(geometry, lambda what: changes.add(item, "geometry", what))
    content = {name: value for name, value in item.items() if name not in ELSEWHERE}
    if base.base:
        content = dehydrated(content, base.base, lambda name: changes.add(item, name, _NO_NULL))
    if base.tag is not None:
        content[TAG] = base.tag
    text = encode_json(content, changes=changes, of=item, is_finite=is_finite)
    private = item.get("private")
    fields = (
        _text(key[1], "id"),
        shape,
        _text(key[0], "collection"),
        pack(">q", start - _EPOCH_US),
        pack(">q", end - _EPOCH_US),
        _JSONB + _checked(text),
        None if private is None else _JSONB + _checked(encode_json({"": private})[4:-1]),
    )
    parts = [_FIELDS]
    for field in fields:
        parts += [_NULL] if field is None else [len(field).to_bytes(4, "big"), field]
    return Row(key, start, end, b"".join(parts))


def copied(rows: Iterable[Row]) -> bytes:
    """Return what COPY is sent for these rows, whole."""
    return b"".join([_HEAD, *(row.data for row in rows), _TAIL])


def _times(properties: Any) -> tuple[int, int]:
    """Return first and last instant as pgstac has them: of the range where there is one, else the `datetime` twice."""
    if type(properties) is not dict:
        raise ItemError("it has no properties")
    first, last = properties.get("start_datetime"), properties.get("end_datetime")
    if first is None or last is None:
        value = properties.get("datetime")
        if value is None:
            raise ItemError("it has neither a datetime nor a start_datetime and an end_datetime, and pgstac needs them")
        instant = _instant("datetime", value)
        return instant, instant
    start, end = _instant("start_datetime", first), _instant("end_datetime", last)
    if start > end:
        raise ItemError("its start_datetime is after its end_datetime")
    return start, end


def _instant(name: str, value: Any) -> int:
    instant = parse_instant(value)
    if instant is None or len(value) < _SHORTEST:
        raise ItemError(f"its {name} {value!r:.60} isn't a timestamp")
    # PostgreSQL rounds to microseconds.
    if len(value) > 26 and _BEYOND_MICROSECONDS.search(value):  # noqa: PLR2004 - digits
        instant += 1
    if not EARLIEST <= instant < LATEST + SECOND:
        raise ItemError(f"its {name} {value!r:.60} isn't in the years 1 to 9999, in UTC")
    return instant


def _text(value: str, name: str) -> bytes:
    if "\0" in value:
        raise ItemError(f"its {name} has a NUL character, which PostgreSQL can't hold")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ItemError(f"its {name} isn't Unicode") from None


def _checked(text: bytes) -> bytes:
    # Hardly any text has a backslash, and a single byte is found faster than several.
    if b"\\" in text and _NUL in text and _NUL in text.replace(b"\\\\", b""):
        raise ItemError("a text in it has a NUL character (\\u0000), which PostgreSQL can't hold")
    return text
