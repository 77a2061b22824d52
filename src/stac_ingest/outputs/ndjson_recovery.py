"""What an interrupted run left at the end of an NDJSON file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

import orjson

_BLOCK = 1 << 20


class Tail(NamedTuple):
    """The end of a file."""

    keep: int
    """Bytes of the file that can be kept: up to the end of its last sound line."""
    unmarked: list[str]
    """Items in kept lines that the checkpoint doesn't know, in the order of their lines."""
    marked: bool
    """Whether a line that the checkpoint knows comes before them."""


def unmarked_tail(descriptor: int, is_completed: Callable[[str], bool]) -> Tail:
    """Look from the end of a file for lines that the checkpoint doesn't know.

    Items are marked in the order of their lines and after these are on disk. So the search ends at the first line with
    a mark; and what follows a broken line was never promised.
    """
    keep, found, marked = 0, [], False
    for start, line in _lines_backwards(descriptor):
        item_id = _item_id(line)
        if item_id is not None and is_completed(item_id):
            keep, marked = start + len(line) + 1, True
            break
        found.append((start + len(line) + 1, item_id))
    unmarked = []
    for end, item_id in reversed(found):
        if item_id is None:
            break
        unmarked.append(item_id)
        keep = end
    return Tail(keep, unmarked, marked)


def _lines_backwards(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, last first, without their newline, and where each starts. A last line without one is left out."""
    position = os.fstat(descriptor).st_size
    pieces: list[bytes] = []  # of the line whose start is not found yet, last first
    ended = False  # whether a newline ends that line
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        *earlier, last = os.pread(descriptor, size, position).split(b"\n")
        pieces.append(last)
        offset = position + size - len(last)
        while earlier:
            if ended:
                yield offset, b"".join(reversed(pieces))
            ended = True
            pieces = [earlier.pop()]
            offset -= len(pieces[0]) + 1
    if ended:
        yield 0, b"".join(reversed(pieces))


def _item_id(line: bytes) -> str | None:
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    item_id = item.get("id") if isinstance(item, dict) else None
    return item_id if isinstance(item_id, str) else None
