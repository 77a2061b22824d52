"""What a folder and its subfolders hold, by kind of file: one pass over the names, whose files are not opened.

Hidden names are not looked at. Nor are the reports that this package writes beside items, which are told by their
content. What may hold items and can't be read is refused by name, so that it is not left out without a word.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple

from stac_ingest.core.listing import NameSorter
from stac_ingest.core.unpack import SUFFIXES
from stac_ingest.lakes import METADATA, refuse_data_of_table, refuse_table
from stac_ingest.sources.reports import REPORTS, is_report, is_state_of_shards

Classify = Callable[[str], str | None]
"""Returns the kind of source that a file is, by its name."""

PLAIN = ".json"
"""How the names end that there can be millions of. A folder isn't expected to have such a name."""
UNFINISHED = ".part"
PACKED = (*SUFFIXES, ".zstd", ".bz2", ".xz", ".lz4", ".br", ".zip", UNFINISHED)
"""Endings behind a known one with which a file isn't read; some kinds are read with the first two."""
FEW = 4
"""Names that are looked at one by one, to see whether they are folders; more are listed with their types."""
SOME = 4096
"""Names of a large folder that are looked at together."""
MOST_REFUSED = 1000
_COMPARED = 200
"""Names of a folder that are compared with those of reports; in a larger one the reports are looked for."""
_SHORT = 4 << 20
"""Bytes of a folder itself below which it can't have many names: about 40 are spent on each."""


class Refused(NamedTuple):
    """A file or folder that may hold items, and why it isn't read."""

    name: str
    why: str


class Survey:
    """What was found.

    Attributes:
        names: of the files by kind, relative to the folder; a kind without any is missing.
        refused: what may hold items and can't be read, at most `MOST_REFUSED`.

    """

    def __init__(self) -> None:
        self.names: dict[str, NameSorter] = {}
        self.refused: list[Refused] = []

    def add(self, kind: str, names: list[str]) -> None:
        """Take names of one kind."""
        if names:
            self.names.setdefault(kind, NameSorter()).add(names)

    def refuse(self, name: str, why: str) -> None:
        """Take a name that can't be read."""
        if len(self.refused) < MOST_REFUSED:
            self.refused.append(Refused(name, why))


class Names(NamedTuple):
    """Names of files in one folder."""

    plain: list[str]
    """Those that end in `.json`."""
    others: list[str]


def survey(root: Path, classify: Classify, *, leave_out: Collection[str] = ()) -> Survey:
    """Look through a folder.

    Args:
        root: the folder.
        classify: tells kinds by the names of files.
        leave_out: names directly in it that are not looked at.

    Raises:
        ConfigurationError: it, or a folder in it, is a table of Delta Lake, Iceberg or Hudi.
        OSError: the folder can't be read.

    """
    found, kind = Survey(), classify(PLAIN)
    for folder, names in walk(root, found.refuse, leave_out):
        if kind is not None:
            found.add(kind, [f"{folder}/{name}" for name in names.plain] if folder else names.plain)
        for name in names.others:
            take(f"{folder}/{name}" if folder else name, classify, found)
    return found


def take(path: str, classify: Classify, found: Survey, listed: str | None = None) -> None:
    """Take the name of a file that may be of a kind, or may be refused.

    Args:
        path: relative to the folder that is looked through.
        classify: tells kinds by the names of files.
        found: takes it.
        listed: what is taken instead of the path, of a file that is of a kind.

    """
    lower = path.lower()  # an ending may be in capitals
    if (kind := classify(lower)) is not None:
        found.add(kind, [listed or path])
        return
    if (why := why_not_read(lower, classify)) is not None:
        found.refuse(path, why)


def why_not_read(name: str, classify: Classify) -> str | None:
    """Say why a file isn't read that may hold items, by its name in small letters; None where there is no reason."""
    ending = next((ending for ending in PACKED if name.endswith(ending)), None)
    if ending is None or classify(name) is not None or classify(name.removesuffix(ending)) is None:
        return None
    unfinished = "a run has not finished it; wait for its end, or finish it with --resume"
    return unfinished if ending == UNFINISHED else f"{ending} isn't read here; unpack the file"


def walk(
    root: Path, refuse: Callable[[str, str], None], leave_out: Collection[str] = ()
) -> Iterator[tuple[str, Names]]:
    """Yield the folders below one, itself first, with the names in them that are files, not hidden, and no reports.

    A folder of many names comes several times, with some of them each time.

    Raises:
        ConfigurationError: one is a table of Delta Lake, Iceberg or Hudi.
        OSError: the first one can't be read.

    """
    refuse_data_of_table(root)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        path = root / folder if folder else root
        prefix = f"{folder}/" if folder else ""
        try:
            for listed, within in _listed(path):
                names = _without_reports(path, listed)
                if leave_out and not folder:
                    names = Names(*([name for name in some if name not in leave_out] for some in names))
                    within = [name for name in within if name not in leave_out]  # noqa: PLW2901 - the rest of them
                yield folder, names
                inner = (prefix + name for name in sorted(within, reverse=True))
                waiting += [name for name in inner if _is_entered(root, name, refuse)]
        except OSError as error:
            if not folder:
                raise
            refuse(folder, f"can't be looked into: {error.strerror or error}")


def _listed(path: Path) -> Iterator[tuple[Names, list[str]]]:
    """Yield files and folders that aren't hidden, all at once or, where there are many, some at a time."""
    if not 0 < path.stat().st_size < _SHORT:
        with os.scandir(path) as entries:
            while some := list(islice(entries, SOME)):
                folders = [entry.name for entry in some if not entry.name.endswith(PLAIN) and _leads_to_folder(entry)]
                yield _told_apart(path, [entry.name for entry in some], folders)
        return
    # A Path for each name would cost seconds; and a list is made in half the time of looking at entries.
    names = os.listdir(path)  # noqa: PTH208 - see above
    others = [name for name in names if not name.endswith(PLAIN)]
    if len(others) <= FEW:
        folders = [name for name in others if _is_folder(path / name)]
    else:
        with os.scandir(path) as entries:
            folders = [entry.name for entry in entries if not entry.name.endswith(PLAIN) and _leads_to_folder(entry)]
    yield _told_apart(path, names, folders)


def _told_apart(path: Path, names: list[str], folders: list[str]) -> tuple[Names, list[str]]:
    plain = [name for name in names if name.endswith(PLAIN) and name[0] != "."]
    others: list[str] = []
    if len(plain) < len(names):
        others = [name for name in names if not name.endswith(PLAIN)]
        refuse_table(path, [*others, *plain] if path.name == METADATA else others)
        within = set(folders)
        others = [name for name in others if name[0] != "." and name not in within]
    return Names(plain, others), [name for name in folders if name[0] != "."]


def _without_reports(path: Path, names: Names) -> Names:
    count = len(names.plain) + len(names.others)
    there = REPORTS.keys() & {*names.plain, *names.others} if count < _COMPARED else _existing(path)
    reports = {name for name in there if is_report(path / name)}
    if not reports:
        return names
    return Names(*([name for name in some if name not in reports] for some in names))


def _existing(path: Path) -> set[str]:
    return {name for name in REPORTS if (path / name).exists()}


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in circles
        return False


def _is_folder(path: Path) -> bool:
    try:
        return S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - a Path's own raises for a link that leads in circles
    except OSError:
        return False


def _is_entered(root: Path, name: str, refuse: Callable[[str, str], None]) -> bool:
    """Whether a folder is looked into."""
    path = root / name
    if is_state_of_shards(path):
        return False
    if path.name == "_temporary":
        refuse(name, "a job of Spark or Hadoop has not finished it; let it end")
        return False
    if not path.is_symlink():
        return True
    real = os.path.realpath(path)
    if not Path(real).is_relative_to(os.path.realpath(root)):
        refuse(name, f"a link that leads out of the folder, to {real}; give that as a source of its own")
    return False  # inside, it is read where it really is
