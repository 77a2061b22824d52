"""Items that travel to an output as a batch: as lines of JSON or as columns, of which nobody has made objects.

An item that goes through a pipeline by itself costs more in handing it over than in parsing it. So where nobody asks
for single items they stay together, in the form that they came in or the one that the output writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeGuard

import orjson

from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.json_items import FEATURE
from stac_ingest.core.long_numbers import has_long_number
from stac_ingest.core.model import Item

_NO_KEY: Key = ("", "")


Line: TypeAlias = bytes | memoryview
"""JSON; lines that were made together are views of one buffer."""

Look: TypeAlias = Callable[[Item], object]
"""Shown an item while it is there, since to make an object of its line again costs as much as the rest."""
AsLines: TypeAlias = bool | Look
"""Whether lines of JSON are wanted. A function wants them, and is shown the items of texts as these are parsed; what it
returns stays with the line (`LineRows.seen`). It has no effect by which an item that is left out then could be told."""


class Rows(Protocol):
    """Some items, all of which are sound."""

    @property
    def keys(self) -> Sequence[Key]:
        """Collection and id of each."""

    def take(self, numbers: Sequence[int]) -> Rows:
        """Return these alone, in this order."""

    def items(self) -> Sequence[Item]:
        """Return them as objects; made anew by each call, or the same ones."""

    def lines(self) -> Sequence[Line] | None:
        """Return each as JSON on one line, without its end; None where that isn't known to be the same values."""

    def columns(self) -> Any:
        """Return them as the writer of GeoParquet takes them (`ItemColumns`); None likewise."""


@dataclass(frozen=True, slots=True)
class ItemRows:
    """Items as objects."""

    keys: Sequence[Key]
    objects: Sequence[Item]

    @classmethod
    def of(cls, items: Sequence[Item]) -> ItemRows:
        """Make rows of items. The key of what has no id that is text, such as a row of any table, has an empty one."""
        try:
            keys = list(map(key_of, items))
        except KeyError:
            keys = [key_of(item) if "id" in item else _NO_KEY for item in items]
        return cls([key if type(key[1]) is str else _NO_KEY for key in keys], items)

    def take(self, numbers: Sequence[int]) -> ItemRows:
        """Return these alone."""
        return ItemRows([self.keys[number] for number in numbers], [self.objects[number] for number in numbers])

    def items(self) -> Sequence[Item]:
        """Return the items."""
        return self.objects

    def lines(self) -> None:
        """Return None: the output encodes them."""

    def columns(self) -> None:
        """Return None: the output makes them."""


@dataclass(frozen=True, slots=True)
class LineRows:
    """Items as lines of JSON."""

    keys: Sequence[Key]
    texts: Sequence[Line]
    seen: Sequence[Any] = ()
    """What a function that lines were wanted by made of each item; empty where none was shown them."""

    def take(self, numbers: Sequence[int]) -> LineRows:
        """Return these alone."""
        keys, texts = [self.keys[number] for number in numbers], [self.texts[number] for number in numbers]
        return LineRows(keys, texts, [self.seen[number] for number in numbers] if self.seen else ())

    def items(self) -> Sequence[Item]:
        """Parse the lines."""
        return list(map(orjson.loads, self.texts))

    def lines(self) -> Sequence[Line]:
        """Return the lines."""
        return self.texts

    def columns(self) -> None:
        """Return None."""


def text_rows(texts: Iterable[bytes], as_lines: AsLines, *, look: Look | None = None) -> Rows | None:
    """Make rows of JSON texts in the form that is wanted; see `line_rows`."""
    if not as_lines:
        return item_rows(texts, look=look)
    return line_rows(texts, look=look, keep=None if as_lines is True else as_lines)


def line_rows(texts: Iterable[bytes], *, look: Look | None = None, keep: Look | None = None) -> LineRows | None:
    """Make lines of JSON texts, where each is plainly one item.

    Each text is parsed whole, and the line is made of what was found: so it holds no name twice. Parsing and encoding
    an item of 5 KB takes 13 us, and an object is gone before the next one comes.

    Args:
        texts: JSON, an item each.
        look: shown each item while it is there; of rows that don't come to be, some.
        keep: likewise, and what it returns is kept.

    Returns:
        None where a text is something else, or has a number that orjson doesn't keep as it is.

    """
    dumps = orjson.dumps
    keys: list[Key] = []
    lines: list[bytes] = []
    seen: list[object] = []
    for text in texts:
        item = _item_of(text)
        if item is None:
            return None
        line = dumps(item)
        # A text that comes out as it went in has lost nothing: no look at its numbers is needed.
        if line != text and has_long_number(text):
            return None
        keys.append(key_of(item))
        lines.append(line)
        if look is not None:
            look(item)
        if keep is not None:
            seen.append(keep(item))
    return LineRows(keys, lines, seen if keep is not None else ())


def item_rows(texts: Iterable[bytes], *, look: Look | None = None) -> ItemRows | None:
    """Make objects of JSON texts, where each is plainly one item; see `line_rows`."""
    dumps = orjson.dumps
    items: list[Item] = []
    is_compact = True
    for text in texts:
        item = _item_of(text)
        if item is None:
            return None
        # To encode an item and compare is faster than to look for long numbers, where texts are as orjson writes them.
        is_compact = is_compact and dumps(item) == text
        if not is_compact and has_long_number(text):
            return None
        items.append(item)
        if look is not None:
            look(item)
    return ItemRows.of(items)


def parsed_rows(members: Sequence[object], *, as_lines: AsLines) -> Rows | None:
    """Make rows of what a document holds, where each member is plainly an item.

    Args:
        members: as orjson parses them.
        as_lines: whether lines of JSON are wanted.

    Returns:
        None where one is something else.

    """
    items = [member for member in members if _is_item(member)]
    if len(items) != len(members):
        return None
    return LineRows(list(map(key_of, items)), list(map(orjson.dumps, items))) if as_lines else ItemRows.of(items)


def _item_of(text: bytes) -> Item | None:
    """Parse a text; None where it isn't plainly an item. A number beyond all floats, such as 1e400, orjson refuses."""
    try:
        found = orjson.loads(text)
    except ValueError:
        return None
    return found if _is_item(found) else None


def _is_item(found: object) -> TypeGuard[Item]:
    return (
        type(found) is dict
        and found.get("type") == FEATURE
        and type(item_id := found.get("id")) is str
        and item_id != ""
    )
