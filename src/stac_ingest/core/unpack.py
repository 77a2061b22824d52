"""Unpacking gzip, bounded: a small file may unpack to any size."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from stac_ingest.errors import ItemError

SUFFIX = ".gz"
_GZIP = 16 + zlib.MAX_WBITS
_BLOCK = 1 << 20


def unpacked(data: bytes, max_bytes: int) -> bytes:
    """Unpack the whole of a file.

    Args:
        data: of one or more gzip members.
        max_bytes: of the result.

    Raises:
        ItemError: it isn't gzip, is cut off, or unpacks to more.

    """
    parts, size = [], 0
    for block in unpacked_blocks([data]):
        size += len(block)
        if size > max_bytes:
            raise ItemError(f"unpacks to more than max_response_mib allows ({max_bytes} bytes)")
        parts.append(block)
    return b"".join(parts)


def unpacked_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack a file that comes in blocks, a block of bounded size at a time.

    Raises:
        ItemError: it isn't gzip, or is cut off.

    """
    member = zlib.decompressobj(_GZIP)
    begun = False
    try:
        for block in blocks:
            rest = block
            while rest:
                if member.eof:
                    rest = rest.lstrip(b"\0")  # some writers fill up the last block
                    if not rest:
                        break
                    member = zlib.decompressobj(_GZIP)
                begun = True
                if found := member.decompress(rest, _BLOCK):
                    yield found
                rest = member.unused_data if member.eof else member.unconsumed_tail
    except zlib.error as error:
        raise ItemError(f"not gzip: {error}") from None
    # What is held back inside comes out without further input.
    while not member.eof and (found := member.decompress(b"", _BLOCK)):
        yield found
    if not member.eof:
        raise ItemError("not gzip: it is cut off" if begun else "not gzip: it is empty")
