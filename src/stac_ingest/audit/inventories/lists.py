"""Lists of ids: text, an id a line, and CSV with the columns `id` and `collection`."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

from stac_ingest.audit.inventories.base import Failed
from stac_ingest.core.id_set import Key
from stac_ingest.core.unpack import is_packed, unpacked_blocks
from stac_ingest.errors import ConfigurationError, ItemError

LONGEST_LINE = 64 << 10
"""Bytes; an id that is longer is none."""
UNREADABLE = (OSError, ItemError, UnicodeDecodeError, csv.Error)
_BLOCK = 64 << 10


class TextList:
    """A text file with an id a line; empty lines are passed over."""

    label = "a list of ids"
    has_collections = has_keys = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self.passed_over = 0

    def keys(self, failed: Failed) -> Iterator[Key]:
        """Yield each id."""
        try:
            for line in lines(self._path):
                if item_id := line.strip():
                    yield ("", item_id)
        except UNREADABLE as error:
            failed(self._path.name, f"can't be read: {error}")


class CsvList:
    """A CSV file whose first line names its columns: `id`, and `collection` where there are several."""

    label = "a list of ids in CSV"
    has_keys = False

    def __init__(self, path: Path) -> None:
        """Look at the first line.

        Raises:
            ConfigurationError: it can't be read, or names no column `id`.

        """
        self._path = path
        self.passed_over = 0
        try:
            names = next(csv.reader(lines(path)), [])
        except UNREADABLE as error:
            raise ConfigurationError(f"--against: {path} can't be read: {error}") from error
        self._names = [name.strip().lower() for name in names]
        if "id" not in self._names:
            raise ConfigurationError(
                f"--against: the first line of {path} has to name its columns, `id` or `collection,id`; it is "
                f"{','.join(names)!r:.80}"
            )
        self.has_collections = "collection" in self._names

    def keys(self, failed: Failed) -> Iterator[Key]:
        """Yield each row's."""
        at = self._names.index("id")
        of = self._names.index("collection") if self.has_collections else None
        try:
            rows = csv.reader(lines(self._path))
            next(rows, None)
            for row in rows:
                if not row:
                    continue
                if len(row) != len(self._names) or not row[at]:
                    failed(f"{self._path.name}, line {rows.line_num}", "has no id, or other columns than the first")
                    continue
                yield ("" if of is None else row[of], row[at])
        except UNREADABLE as error:
            failed(self._path.name, f"can't be read: {error}")


def lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, which may be packed, a block of it at a time.

    Raises:
        OSError, ItemError, UnicodeDecodeError: it can't be read.
        csv.Error: a line is too long.

    """
    with path.open("rb") as stream:
        blocks = iter(lambda: stream.read(_BLOCK), b"")
        rest, begun = b"", False
        for block in unpacked_blocks(blocks) if is_packed(path.name) else blocks:
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                yield _text(line, begun=begun) + "\n"
                begun = True
            if len(rest) > LONGEST_LINE:
                raise csv.Error(f"a line has more than {LONGEST_LINE} bytes")
        if rest:
            yield _text(rest, begun=begun)


def _text(line: bytes, *, begun: bool) -> str:
    return line.decode() if begun else line.removeprefix(BOM_UTF8).decode()
