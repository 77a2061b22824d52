"""What was delivered, whatever its order: a digest cheap enough to be taken while the clock runs.

Every item adds to a count and to two sums over a 32-bit hash of its collection and id: lost, extra and swapped items
show. Hashing the content of every item would cost as much as parsing it, so a timed sample does that for one class of
items in sixteen, chosen by the hash of the id; the reference knows all sixteen classes.

The hashes guard against mistakes, not against malice: CRC-32 is several times cheaper than a cryptographic hash, and
its square is summed, since sums of plain CRCs, which are linear, could cancel out where many items change alike.
"""

import json
from typing import Any, Self
from zlib import crc32

import orjson
from pydantic import Field

from ingest_bench.results.models import Digest, Record

CLASSES = 16
_MASK_64 = (1 << 64) - 1


class Reference(Record):
    """The digest of a set of items, with the content of each class apart."""

    count: int
    ids: str = Field(description="over every (collection, id), hexadecimal")
    content: list[str] = Field(description="over the canonical content of each class, hexadecimal")

    def digest(self, content_class: int | None) -> Digest:
        """Give what a sink with this `content_class` returns when it is given exactly these items."""
        classes = self.content if content_class is None else [self.content[content_class]]
        total = sum(int(part, 16) for part in classes)
        return Digest(count=self.count, ids=self.ids, content_class=content_class, content=_hex(total))


class _CollectionHashes(dict[Any, int]):
    """The hash that an id's hash continues from, by collection."""

    def __missing__(self, collection: Any) -> int:
        value = crc32(_text(collection) + b"/")
        self[collection] = value
        return value


class DigestSink:
    """Digests delivered items one by one. Whatever is delivered can be digested, a STAC item or not."""

    __slots__ = ("_collections", "_content", "_content_class", "_count", "_mask", "_squares", "_sum")

    def __init__(self, content_class: int | None) -> None:
        """Take the class, 0 to 15, whose content is hashed; None: the content of every item."""
        if content_class is not None and not 0 <= content_class < CLASSES:
            raise ValueError(f"a content_class is 0 to {CLASSES - 1}, not {content_class}")
        self._content_class = content_class or 0
        self._mask = 0 if content_class is None else CLASSES - 1
        self._collections = _CollectionHashes()
        self._count = self._sum = self._squares = self._content = 0

    def add(self, item: dict[str, Any]) -> None:
        """Take note of an item. It is neither kept nor changed."""
        try:
            value = crc32(item["id"].encode(), self._collections[item["collection"]])
        except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
            value = identity_hash(item)
        self._count += 1
        self._sum += value
        self._squares += value * value
        if value & self._mask == self._content_class:
            self._content += content_hash(canonical(item))

    def result(self) -> Digest:
        """Give the digest of all items so far."""
        return Digest(
            count=self._count,
            ids=_hex(self._sum) + _hex(self._squares),
            content_class=self._content_class if self._mask else None,
            content=_hex(self._content),
        )


class Tally:
    """Collects a reference; the tallies of parts of a corpus add up, so that parts can be made side by side."""

    __slots__ = ("_content", "_count", "_squares", "_sum")

    def __init__(self) -> None:
        self._content = [0] * CLASSES
        self._count = self._sum = self._squares = 0

    def add(self, item: dict[str, Any]) -> None:
        """Take note of an item."""
        value = identity_hash(item)
        self._count += 1
        self._sum += value
        self._squares += value * value
        self._content[value % CLASSES] += content_hash(canonical(item))

    def merge(self, other: Self) -> None:
        """Take note of all that another tally has seen."""
        self._count += other._count
        self._sum += other._sum
        self._squares += other._squares
        self._content = [mine + theirs for mine, theirs in zip(self._content, other._content, strict=True)]

    def reference(self) -> Reference:
        """Give the reference for all items so far."""
        return Reference(
            count=self._count,
            ids=_hex(self._sum) + _hex(self._squares),
            content=[_hex(part) for part in self._content],
        )


def matches(delivered: Digest, expected: Reference | Digest) -> str | None:
    """Compare what was delivered with what should have been.

    Returns:
        None when they are equal, else the difference in words.

    Raises:
        ValueError: the content of different classes was hashed, so that nothing can be said.

    """
    if isinstance(expected, Reference):
        expected = expected.digest(delivered.content_class)
    if delivered.content_class != expected.content_class:
        raise ValueError(f"class {delivered.content_class} can't be compared with class {expected.content_class}")
    if delivered.count != expected.count:
        surplus = delivered.count - expected.count
        noun = "item" if abs(surplus) == 1 else "items"
        return f"{surplus} {noun} too many" if surplus > 0 else f"{-surplus} {noun} missing"
    if delivered.ids != expected.ids:
        return "other ids"
    if delivered.content != expected.content:
        return "content differs" + ("" if delivered.content_class is None else f" in class {delivered.content_class}")
    return None


def identity_hash(item: dict[str, Any]) -> int:
    """Hash an item's collection and id, 32 bits; those that have none count as empty text."""
    return crc32(_text(item.get("id")), crc32(_text(item.get("collection")) + b"/"))


def canonical(item: dict[str, Any]) -> bytes:
    """Give an item as JSON with sorted keys; values that JSON doesn't know as text."""
    try:
        return orjson.dumps(item, option=orjson.OPT_SORT_KEYS, default=_foreign)
    except TypeError:  # a lone surrogate, an integer of more than 64 bits: legal in JSON, refused by orjson
        return json.dumps(item, sort_keys=True, default=_foreign).encode()


def content_hash(data: bytes) -> int:
    """Hash canonical content, 64 bits."""
    value = crc32(data)
    return value * value


def _foreign(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    return b"" if value is None else repr(value).encode(errors="surrogatepass")


def _hex(value: int) -> str:
    return f"{value & _MASK_64:016x}"
