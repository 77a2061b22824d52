"""Unpacking gzip and Zstandard, bounded: a small file may unpack to any size.

What came before a fault is given before the fault is told, so that a cut file costs no more than what was cut off.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from stac_ingest.errors import ItemError

SUFFIXES = (".gz", ".zst")
"""How the names of packed files end that are read."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""How they begin."""
_SKIPPABLE_FIRST, _SKIPPABLE = range(0x50, 0x60), b"\x2a\x4d\x18"
"""The first byte, and the next three, of a frame of Zstandard that holds no data."""
MAX_WINDOW = 128 << 20
"""Bytes of what was unpacked that Zstandard may look back at: as many as its own command allows."""
_BLOCK = 1 << 20
_FEED = {"gzip": 4 << 10, "zstd": 512}
"""Bytes that are unpacked at once. Three bytes of Zstandard can stand for 128 KiB, and its decoder has no bound of its
own; what is behind the end of one of many small members is copied, so it mustn't be much."""


class _Decoder(Protocol):
    """Unpacks one member."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...


def is_packed(name: str) -> bool:
    """Say whether a file is packed, by its name."""
    return name.lower().endswith(SUFFIXES)


def begins_packed(head: bytes) -> bool:
    """Say whether data are packed, by their first four bytes."""
    return head.startswith((GZIP, ZSTD)) or (head[1:4] == _SKIPPABLE and head[0] in _SKIPPABLE_FIRST)


def unpacked(data: bytes, max_bytes: int) -> bytes:
    """Unpack the whole of a file.

    Args:
        data: of one or more members.
        max_bytes: of the result.

    Raises:
        ItemError: it isn't packed, is truncated or damaged, or unpacks to more.

    """
    parts, size = [], 0
    for block in unpacked_blocks([data]):
        size += len(block)
        if size > max_bytes:
            raise ItemError(f"unpacks to more than max_response_mib allows ({max_bytes} bytes)")
        parts.append(block)
    return b"".join(parts)


def unpacked_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack a file that comes in blocks, a block of bounded size at a time, each as soon as it is there.

    Args:
        blocks: of one or more members (gzip) or frames (Zstandard); the first bytes tell which.

    Raises:
        ItemError: it isn't packed, or is truncated or damaged. All that came before was yielded.

    """
    coming = iter(blocks)
    head = b""
    for block in coming:
        head += block
        if len(head) >= len(ZSTD):
            break
    if not head:
        raise ItemError("truncated: an empty file is not a packed one")
    is_gzip = head.startswith(GZIP) or not begins_packed(head)
    members = _Members("gzip", _gzip) if is_gzip else _Members("zstd", _zstd())
    yield from members.unpack(head)
    for block in coming:
        yield from members.unpack(block)
    yield from members.finish()


class _Members:
    """Unpacks one member after another."""

    def __init__(self, name: str, make: Callable[[], tuple[_Decoder, Callable[[bytes], bytes]]]) -> None:
        self._name = name
        self._feed = _FEED[name]
        self._make = make
        self._member, self._decompress = make()
        self._parts: list[bytes] = []
        self._size = 0

    def unpack(self, block: bytes) -> Iterator[bytes]:
        """Unpack what comes next; what there is of it when this ends is yielded."""
        try:
            for start in range(0, len(block), self._feed):
                rest = block[start : start + self._feed]
                while rest:
                    if self._member.eof:
                        rest = rest.lstrip(b"\0")  # some writers fill up the last block
                        if not rest:
                            break
                        self._member, self._decompress = self._make()
                    self._keep(self._decompress(rest))
                    rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
                    if self._size >= _BLOCK:
                        yield self._taken()
        except Exception as error:
            if not isinstance(error, zlib.error) and type(error).__name__ != "ZstdError":
                raise
            yield from self._left()
            raise ItemError(self._fault(error)) from None
        yield from self._left()

    def finish(self) -> Iterator[bytes]:
        """Yield what is held back inside.

        Raises:
            ItemError: the last member doesn't end.

        """
        # Of gzip this comes out without further input.
        while not self._member.eof and (found := self._decompress(b"")):
            yield found
        if not self._member.eof:
            raise ItemError(f"truncated: its {self._name} data are cut off")

    def _keep(self, found: bytes) -> None:
        if found:
            self._parts.append(found)
            self._size += len(found)

    def _taken(self) -> bytes:
        taken, self._parts, self._size = b"".join(self._parts), [], 0
        return taken

    def _left(self) -> Iterator[bytes]:
        if self._parts:
            yield self._taken()

    def _fault(self, error: Exception) -> str:
        if "too much memory" in str(error):
            return f"needs more than {MAX_WINDOW >> 20} MiB to be unpacked; pack it again without `zstd --long`"
        return f"not {self._name}, or damaged: {error}"


def _gzip() -> tuple[_Decoder, Callable[[bytes], bytes]]:
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    decompress = member.decompress
    return member, lambda data: decompress(data, _BLOCK)


def _zstd() -> Callable[[], tuple[_Decoder, Callable[[bytes], bytes]]]:
    import zstandard  # noqa: PLC0415 - few files need it

    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)

    def make() -> tuple[_Decoder, Callable[[bytes], bytes]]:
        frame = decompressor.decompressobj()
        return frame, frame.decompress

    return make
