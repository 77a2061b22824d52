"""Several sources as one: globs, lists of files, and files and folders that are named one after another.

All files that they come to are read together, each once, by their names below the folder that is common to them.
"""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from glob import iglob
from pathlib import Path
from typing import Any

from stac_ingest.config import IngestConfig
from stac_ingest.core.file_urls import path_of_file_url
from stac_ingest.core.listing import NameSorter, kept
from stac_ingest.core.source import Source
from stac_ingest.core.text import counted, printable
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sources.directory.walk import Refused, why_not_read
from stac_ingest.sources.folder import DOCUMENTS, LINES, TABLES, FolderFiles, files_in
from stac_ingest.sources.json_folder import json_files_source
from stac_ingest.sources.kind import GLOB, KINDS, LIST, STDIN, Where, has_glob, kind_name, parts_of
from stac_ingest.sources.reports import REPORTS, is_report
from stac_ingest.summary import IngestSummary

_ANY_DEPTH = "**"
_NAMED = 3


def check_several(config: IngestConfig) -> None:
    """Check that each of several sources can be one of them, as far as its text tells.

    Raises:
        ConfigurationError: naming what can't be.

    """
    for part in parts_of(config.source):
        if part == STDIN or ("://" in part and not part.lower().startswith("file:")):
            what = "standard input" if part == STDIN else printable(part.partition("?")[0])
            raise ConfigurationError(f"source: {what} can't be one of several sources; read it alone")
        if part.startswith(LIST) and not os.path.isfile(part[1:]):  # noqa: PTH113 - Path.is_file can raise
            raise ConfigurationError(f"source: there is no file {part[1:]} with a list of sources")
    if config.source_type != "auto":
        raise ConfigurationError(f"source_type: several sources are no {config.source_type}; leave it out")


def folders_of(source: str) -> list[str]:
    """Return the folders among several sources."""
    return [part for part in parts_of(source) if os.path.isdir(part)]  # noqa: PTH112 - Path.is_dir can raise


def several_source(where: Where, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    """Make the source of all files of several sources.

    Raises:
        ConfigurationError: there are none.

    """
    base, found = files_of_several(where.source, config.format, summary)
    others = found._replace(tables=())
    if not found.tables:
        return json_files_source(base, others, config, summary)
    from stac_ingest.sources.combined import CombinedSource  # noqa: PLC0415 - only tables need it
    from stac_ingest.sources.geoparquet import GeoParquetSource  # noqa: PLC0415 - same

    rows = GeoParquetSource([base / name for name in found.tables], config, summary, base)
    if not (found.documents or found.lines or found.refused):
        return rows
    return CombinedSource([json_files_source(base, others, config, summary), rows])


def files_of_several(source: str, only: str | None, summary: IngestSummary) -> tuple[Path, FolderFiles]:
    """Find all files of several sources.

    Args:
        source: several, a line each.
        only: the setting `format`.
        summary: takes notes of what is passed over.

    Returns:
        The folder that is common to them, and their names below it.

    Raises:
        ConfigurationError: a pattern matches nothing.
        DataProcessingError: there are none.

    """
    files = _Files(Path(common_folder(source)), only, summary)
    for part in parts_of(source):
        if part.startswith(LIST):
            for path in _listed(part):
                files.add(path)
        elif has_glob(part):
            if not files.add_found(part, _found(part)):
                raise ConfigurationError(f"source: no file matches {part}")
        else:
            files.add(path_of_file_url(part))
    return files.base, files.found(source)


def common_folder(source: str) -> str:
    """Return the folder that the names of all files are relative to."""
    return os.path.commonpath([_folder_of(part) for part in parts_of(source)])


class _Files:
    """Gathers files by their kinds."""

    def __init__(self, base: Path, only: str | None, summary: IngestSummary) -> None:
        self.base = base
        self._only = only
        self._summary = summary
        self._names = {kind: NameSorter() for kind in (DOCUMENTS, LINES, TABLES)}
        self._refused: dict[str, str] = {}
        self._others = 0
        self._first_others: list[str] = []

    def add(self, path: str) -> None:
        """Take a file that was named, whatever it is called, or all files of a folder."""
        name = self._name(path)
        if os.path.isdir(path):  # noqa: PTH112 - a Path for each of a million names costs more than looking at it
            self._add_folder(Path(path), name)
        elif not os.path.exists(path):  # noqa: PTH110 - same
            self._refused[name] = "it is not there"
        elif (why := why_not_read(path.lower(), kind_name)) is not None:
            self._refused[name] = why
        else:
            said = next((kind.name for kind in KINDS.values() if self._only and kind.format == self._only), None)
            self._names[said or kind_name(path.lower()) or DOCUMENTS].add([name])

    def add_found(self, pattern: str, paths: Iterable[str]) -> bool:
        """Take what a pattern matches, and say whether that is anything. Files of other kinds are passed over."""
        any_found = False
        for path in paths:
            any_found = True
            if os.path.isdir(path):  # noqa: PTH112 - see `add`
                if _ANY_DEPTH not in pattern:
                    self._add_folder(Path(path), self._name(path))
                continue
            own = Path(path)
            if own.name in REPORTS and is_report(own):
                continue
            kind = kind_name(path.lower())
            if kind is not None:
                if self._only in (None, KINDS[kind].format):
                    self._names[kind].add([self._name(path)])
            elif (why := why_not_read(path.lower(), kind_name)) is not None:
                self._refused[self._name(path)] = why
            else:
                self._pass_over(self._name(path))
        return any_found

    def found(self, source: str) -> FolderFiles:
        """Return all of them.

        Raises:
            DataProcessingError: there are none.

        """
        if self._others:
            more = ", ..." if self._others > _NAMED else ""
            self._summary.note(
                f"skipped {counted(self._others, 'file', 'files')} of unknown kind "
                f"({', '.join(self._first_others)}{more})"
            )
        documents, lines, tables = (kept(_each_once(names.result())) for names in self._names.values())
        refused = [Refused(name, why) for name, why in self._refused.items()]
        if not (documents or lines or tables or refused):
            raise DataProcessingError(f"No files of items found in {printable(source)}")
        return FolderFiles(documents, lines, tables, refused)

    def _add_folder(self, folder: Path, name: str) -> None:
        prefix = f"{name}/" if name else ""
        found = files_in(folder, self._only, self._summary)
        for kind, names in ((DOCUMENTS, found.documents), (LINES, found.lines), (TABLES, found.tables)):
            for one in names:
                self._names[kind].add([prefix + one])
        self._refused |= {prefix + one.name: one.why for one in found.refused}

    def _pass_over(self, name: str) -> None:
        self._others += 1
        self._summary.passed_over += 1
        if len(self._first_others) < _NAMED:
            self._first_others.append(printable(name))

    def _name(self, path: str) -> str:
        name = os.path.relpath(_whole(path), self.base)
        return "" if name == "." else name


def _listed(part: str) -> Iterator[str]:
    """Yield the paths that a list has, one a line, as they are: a bracket in a name is no pattern."""
    with Path(part[1:]).open("rb") as lines:
        for number, line in enumerate(lines):
            if path := (line if number else line.removeprefix(BOM_UTF8)).rstrip(b"\r\n"):
                yield path_of_file_url(os.fsdecode(path))


def _folder_of(part: str) -> str:
    """Return a folder that all files of a part are in."""
    if part.startswith(LIST):
        # To join a million folders would take seconds.
        leads_on = any(path.startswith("/") or ".." in path for path in _listed(part))
        return "/" if leads_on else str(Path.cwd())
    if has_glob(part):
        return _whole(_fixed(part))
    path = path_of_file_url(part)
    return _whole(path if os.path.isdir(path) else os.path.dirname(path) or ".")  # noqa: PTH112, PTH120 - text for text


def _whole(path: str) -> str:
    """Return an absolute path; what `..` leads to is where a link really is."""
    return os.path.realpath(path) if ".." in path else os.path.abspath(path)  # noqa: PTH100 - see `add`


def _fixed(pattern: str) -> str:
    """Return the folder of a pattern up to its first sign."""
    return os.path.dirname(pattern[: re.search(f"[{re.escape(GLOB)}]", pattern).start()]) or "."  # type: ignore[union-attr] # it has one  # noqa: PTH120


def _found(pattern: str) -> Iterator[str]:
    """Yield what a pattern matches. With `**` no link is followed to a folder, since it may lead in circles."""
    if _ANY_DEPTH not in pattern:
        return iglob(pattern)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return _found_deeply(pattern)


def _found_deeply(pattern: str) -> Iterator[str]:
    root = _fixed(pattern)
    matches = _matcher(pattern[len(root) :].lstrip("/").split("/") if pattern.startswith(root) else pattern.split("/"))
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name[0] != "."]
        within = [] if folder == root else os.path.relpath(folder, root).split("/")
        for name in names:
            if name[0] != "." and matches([*within, name]):
                yield f"{folder}/{name}"


def _matcher(pattern: Sequence[str]) -> Callable[[Sequence[str]], bool]:
    """Return what says whether the parts of a path match those of a pattern."""
    parts = [None if part == _ANY_DEPTH else re.compile(translate(part)).match for part in pattern]

    def matches(path: Sequence[str]) -> bool:
        # How far the pattern may have come, for each part of the path: no pattern takes more than its length squared.
        reached = _past_depths(parts, {0})
        for name in path:
            further = set()
            for at in reached:
                if at < len(parts):
                    part = parts[at]
                    if part is None:
                        further.add(at)
                    elif part(name):
                        further.add(at + 1)
            reached = _past_depths(parts, further)
        return len(parts) in reached

    return matches


def _past_depths(parts: Sequence[Any], reached: set[int]) -> set[int]:
    """Add that `**` may stand for nothing."""
    for at in range(len(parts)):
        if at in reached and parts[at] is None:
            reached.add(at + 1)
    return reached


def _each_once(names: Iterable[str]) -> Iterator[str]:
    """Leave out names that come again, of sorted ones."""
    before = None
    for name in names:
        if name != before:
            yield name
        before = name
