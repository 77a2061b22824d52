"""The step from one table to the next: noted first, then done, so that who is killed in it goes on with it.

The files of a new table lie in a hidden folder, whole. Then a note says which names they are to have and which files
are to go. With that note on disk the new table is the one that counts; whatever is left to do is done by the next run.
Each file is replaced at once, but not all of them together.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from stac_ingest.core.atomic import refuse_link, sync_to_disk, write_atomically
from stac_ingest.core.hive_folders import NOTHING
from stac_ingest.errors import DataProcessingError

HIDDEN = ".sorting"
"""Where parts are, and what is made of them, until the table is in its place."""
NEW = "new"
NOTE = "layout.json"
_YEAR, _MONTH = re.compile(rf"year=(?:\d{{4,}}|{NOTHING})"), re.compile(rf"month=(?:\d\d|{NOTHING})")
_FILE = re.compile(r"part-\d{5,}\.parquet")
_NEW_FILE = re.compile(r"\d{5,}\.parquet")


class Published:
    """The files of the table in an output folder."""

    def __init__(self, folder: Path, hidden: Path) -> None:
        """Take the folders.

        Args:
            folder: of the table.
            hidden: `HIDDEN` in it.

        """
        self.folder = folder
        self.hidden = hidden

    def files(self) -> list[str]:
        """Return the names of the table's files, below the folder."""
        found = []
        for path, name in [(self.folder, ""), *_folders(self.folder)]:
            with contextlib.suppress(FileNotFoundError), os.scandir(path) as entries:
                found += [
                    f"{name}{entry.name}"
                    for entry in entries
                    if _FILE.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
                ]
        return sorted(found)

    def clear(self) -> Path:
        """Make the folder for new files, without what a killed run left in it, and return its path."""
        new = self.hidden / NEW
        new.mkdir(exist_ok=True, parents=True)
        for path in new.iterdir():
            path.unlink()
        return new

    def replace(self, files: Sequence[tuple[Path, str]], parts: Sequence[str]) -> None:
        """Make new files the table, and remove what it was made of.

        Args:
            files: each new file, in the folder that `clear` gave, and its name in the table.
            parts: names of parts in the hidden folder.

        Raises:
            OSError: a file can't be written or renamed; then `go_on` ends it, or the table is as it was.

        """
        names = [name for _, name in files]
        note = {
            "files": [[path.name, name] for path, name in files],
            "removed": [name for name in self.files() if name not in names],
            "parts": list(parts),
        }
        sync_to_disk(self.hidden / NEW)
        write_atomically(self.hidden / NOTE, json.dumps(note).encode(), sync="name")
        self.go_on()

    def go_on(self) -> None:
        """Do what a note says, if there is one.

        Raises:
            OSError: a file can't be renamed or removed.
            DataProcessingError: the note was damaged.

        """
        path = self.hidden / NOTE
        if not path.exists():
            return
        files, removed, parts = _read(path)
        touched = set()
        for name, target in files:
            new, place = self.hidden / NEW / name, self.folder / target
            if new.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                new.replace(place)
                touched |= {place.parent, place.parent.parent}
        for name in removed:
            place = self.folder / name
            touched |= {place.parent, place.parent.parent}
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                place.unlink()
        for folder in sorted(touched, key=lambda one: len(one.parts), reverse=True):
            if folder.is_relative_to(self.folder) and folder.is_dir():
                sync_to_disk(folder)
                if folder != self.folder:
                    with contextlib.suppress(OSError):  # there are files in it, as a rule
                        folder.rmdir()
        for name in parts:
            (self.hidden / name).unlink(missing_ok=True)
        path.unlink()

    def forget(self) -> None:
        """Remove the hidden folder, if nothing is in it."""
        for path in (self.hidden / NEW, self.folder / HIDDEN):
            with contextlib.suppress(OSError):
                path.rmdir()


def refuse_links(folder: Path, shown: Path) -> None:
    """See that nothing would be written through a link.

    Args:
        folder: of the table.
        shown: what it is called.

    Raises:
        ConfigurationError: a folder in it is one.

    """
    for name in (HIDDEN, f"{HIDDEN}/{NEW}", *(name for _, name in _folders(folder, links=True))):
        refuse_link(folder / name, shown / name)


def _read(path: Path) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    try:
        note = json.loads(path.read_bytes())
        files = [(str(name), str(target)) for name, target in note["files"]]
        removed, parts = [str(name) for name in note["removed"]], [str(name) for name in note["parts"]]
    except (ValueError, TypeError, KeyError) as error:
        raise DataProcessingError(f"{path}: can't be read: {error}") from error
    sound = all(_NEW_FILE.fullmatch(name) for name, _ in files) and all(map(_FILE.fullmatch, parts))
    if not sound or not all(map(_is_of_table, (*removed, *(target for _, target in files)))):
        raise DataProcessingError(f"{path}: names files that are none of the table's")
    return files, removed, parts


def _is_of_table(name: str) -> bool:
    *folders, file = name.split("/")
    patterns = (_YEAR, _MONTH)[: len(folders)]
    return (
        _FILE.fullmatch(file) is not None
        and len(patterns) == len(folders)
        and all(pattern.fullmatch(folder) for pattern, folder in zip(patterns, folders, strict=True))
    )


def _folders(folder: Path, *, links: bool = False) -> Iterator[tuple[Path, str]]:
    """Yield the folders of years and months, with their names."""
    for year, name in _within(folder, _YEAR, "", links=links):
        yield year, name
        if not year.is_symlink():
            yield from _within(year, _MONTH, name, links=links)


def _within(folder: Path, pattern: re.Pattern[str], prefix: str, *, links: bool) -> Iterator[tuple[Path, str]]:
    try:
        with os.scandir(folder) as entries:
            found = [
                entry.name for entry in entries if pattern.fullmatch(entry.name) and entry.is_dir(follow_symlinks=links)
            ]
    except FileNotFoundError:
        return
    for name in sorted(found):
        yield folder / name, f"{prefix}{name}/"
