"""Lists of ids: text, an id a line, and CSV with the columns `id` and `collection`."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from stac_ingest.audit.inventories.base import Failed
from stac_ingest.core.id_set import Key
from stac_ingest.core.unpack import SUFFIX
from stac_ingest.errors import ConfigurationError

LONGEST_LINE = 64 << 10
"""Characters; an id that is longer is none."""
UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error)


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
            with opened(self._path) as stream:
                for line in lines(stream):
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
            with opened(path) as stream:
                names = next(csv.reader([stream.readline(LONGEST_LINE)]), [])
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
            with opened(self._path) as stream:
                rows = csv.reader(lines(stream))
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


@contextmanager
def opened(path: Path) -> Iterator[TextIOWrapper]:
    """Open a text file, which may be packed with gzip."""
    with path.open("rb") as raw:
        yield as_text(raw, packed=path.name.lower().endswith(SUFFIX))


def as_text(raw: IO[bytes], *, packed: bool) -> TextIOWrapper:
    """Read bytes as UTF-8, unpacked a block at a time."""
    return TextIOWrapper(GzipFile(fileobj=raw) if packed else raw, "utf-8-sig", newline="")


def lines(stream: TextIOWrapper) -> Iterator[str]:
    """Yield lines of bounded length.

    Raises:
        csv.Error: one is longer.

    """
    while line := stream.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise csv.Error(f"a line has {LONGEST_LINE} characters or more")
        yield line
