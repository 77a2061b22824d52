"""The file of a journal.

A line is a checksum and a JSON object: of items that were written
`{"collection": "c", "path": "out/items.ndjson", "ids": ["a", "b"]}`, and of one that failed
`{"collection": "c", "id": "a", "error": "..."}`. The latest line of an item counts. A journal of the one line
`{"ask": "output"}` knows nothing: the output was changed by other means than a run, and has to say what it holds.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import orjson

from stac_ingest.core.id_set import Key

ASK_OUTPUT = {"ask": "output"}
"""The record of a journal that knows nothing."""
_LONGEST_LINE = 1 << 27
_SUM = 9
"""Bytes of a line's checksum: eight digits and a space."""


class JournalContent(NamedTuple):
    """What a journal holds."""

    completed: dict[str, set[str]]
    failed: set[Key]
    is_sound: bool
    """Whether there are lines, and every one is: a journal has its first record from the beginning."""
    asks_output: bool = False
    """Whether nothing is known on purpose."""


def read_journal(path: Path) -> JournalContent:
    """Read a journal up to the first line that isn't sound.

    Raises:
        OSError: it can't be read, or is a link.

    """
    completed: dict[str, set[str]] = {}
    failed: set[Key] = set()
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
        while line := stream.readline(_LONGEST_LINE):
            record = _record(line)
            if record is None:
                return JournalContent(completed, failed, is_sound=False, asks_output=line == line_of(ASK_OUTPUT))
            collection = record["collection"]
            ids = completed.setdefault(collection, set())
            if "error" in record:
                ids.discard(record["id"])
                failed.add((collection, record["id"]))
                continue
            ids.update(record["ids"])
            if failed:
                failed.difference_update([(collection, item_id) for item_id in record["ids"]])
        return JournalContent(completed, failed, is_sound=stream.tell() > 0)


def line_of(record: dict[str, Any]) -> bytes:
    """Return a record as a line of the file."""
    try:
        text = orjson.dumps(record)
    except TypeError:  # a name that isn't Unicode, as a file's can be
        text = json.dumps(record).encode()
    return b"%08x %b\n" % (crc32(text), text)


def _record(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line; None where the line is torn or damaged."""
    text = line[_SUM:-1]
    if not line.endswith(b"\n") or line[:_SUM] != b"%08x " % crc32(text):
        return None
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        record = json.loads(text)
    match record:
        case {"collection": str(), "id": str(), "error": str()}:
            return dict(record)
        case {"collection": str(), "ids": [*ids]} if all(isinstance(item_id, str) for item_id in ids):
            return dict(record)
    return None
