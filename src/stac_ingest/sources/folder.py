"""Which files of a folder are read together, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from stac_ingest.core.json_items import kind_in_words, members, parse
from stac_ingest.core.listing import kept
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.sources.directory.file_reader import Reader
from stac_ingest.sources.directory.walk import Refused, Survey, survey
from stac_ingest.sources.documents import Documents
from stac_ingest.sources.kind import DESCRIPTIONS, KINDS, kind_name, may_be_synced
from stac_ingest.summary import IngestSummary

DOCUMENTS, LINES, TABLES = "json_files", "ndjson", "geoparquet"
_NAMED = 2
_COLLECTION = "collection.json"


class FolderFiles(NamedTuple):
    """The files of a folder that are read together, by their names below it, sorted."""

    documents: Sequence[str]
    lines: Sequence[str]
    tables: Sequence[str]
    refused: Sequence[Refused]

    @property
    def of_json(self) -> Sequence[str]:
        """All but the tables, and what is refused."""
        others = sorted([*self.lines, *(refused.name for refused in self.refused)])
        return kept(merge(self.documents, others)) if others else self.documents

    def part(self, names: Iterable[str]) -> FolderFiles:
        """Return those of these names."""
        wanted = list(names)
        why = {one.name: one for one in self.refused}
        return FolderFiles(
            [name for name in wanted if name not in why and kind_name(name.lower()) == DOCUMENTS],
            [name for name in wanted if name not in why and kind_name(name.lower()) == LINES],
            (),
            [why[name] for name in wanted if name in why],
        )


def files_in(folder: Path, only: str | None, summary: IngestSummary | None = None) -> FolderFiles:
    """Look through a folder, and see that its files go together. Of a sync's output they are those that it names.

    Args:
        folder: the folder.
        only: what the setting `format` asks for; the files of other kinds are left out then.
        summary: takes a note of documents that describe tables.

    Raises:
        ConfigurationError: there is JSON beside tables, and nothing says which is meant; or it is the folder of a table
            format.
        DataProcessingError: the folder can't be read, or the manifest in it.

    """
    if only in (None, KINDS[TABLES].format) and may_be_synced(folder):
        from stac_ingest.sources.synced import parts_of_sync  # noqa: PLC0415 - few folders need it

        if (parts := parts_of_sync(folder)) is not None:
            return FolderFiles((), (), parts, ())
    try:
        found = survey(folder, kind_name)
    except OSError as error:
        raise DataProcessingError(f"can't read {folder}: {error.strerror or error}") from error
    reader = Reader(64 << 20)
    return files_of(found, str(folder), only, summary, read=lambda name: reader.read_path(folder / name))


def files_of(
    found: Survey,
    shown: str,
    only: str | None,
    summary: IngestSummary | None,
    *,
    read: Callable[[str], bytes],
    name_of: Callable[[str], str] = str,
) -> FolderFiles:
    """See that the files that were found go together.

    Args:
        found: in a folder.
        shown: what the folder is called.
        only: as of `files_in`.
        summary: as of `files_in`.
        read: returns what is in a file. It raises `OSError` or `ItemError`.
        name_of: returns the name of a file, as it was found.

    Raises:
        ConfigurationError: there is JSON beside tables, and nothing says which is meant.

    """
    if only is None and TABLES in found.names and {DOCUMENTS, LINES} & found.names.keys():
        _without_descriptions(found, summary, read, name_of)
        _refuse_mixture(shown, found, name_of)
    documents, lines, tables = (
        sorter.result() if (sorter := found.names.get(kind)) and only in (None, KINDS[kind].format) else ()
        for kind in (DOCUMENTS, LINES, TABLES)
    )
    return FolderFiles(documents, lines, tables, found.refused)


def _without_descriptions(
    found: Survey, summary: IngestSummary | None, read: Callable[[str], bytes], name_of: Callable[[str], str]
) -> None:
    """Leave documents that describe tables out of what was found, where there is no other JSON."""
    sorter = found.names.get(DOCUMENTS)
    names = sorter.result() if sorter else ()
    if not names or any(name_of(name).rpartition("/")[2] not in DESCRIPTIONS for name in islice(names, 1000)):
        return
    kinds = {}
    for name in names:
        try:
            content = parse(read(name))
        except (OSError, ValueError, ItemError):
            return
        if members(content) is not None:
            return
        kinds[name_of(name)] = kind_in_words(content)
        if summary is not None:
            summary.keep_collection(content)
    del found.names[DOCUMENTS]
    if summary is not None:
        documents = Documents(summary)
        for name, kind in kinds.items():
            documents.pass_over(name, kind)
        documents.note()


def _refuse_mixture(shown: str, found: Survey, name_of: Callable[[str], str]) -> None:
    if not {DOCUMENTS, LINES} & found.names.keys():
        return
    each = []
    for kind, sorter in found.names.items():
        first = list(map(name_of, sorter.first(_NAMED)))
        more = ", ..." if sorter.count > len(first) else ""
        each.append(f"{sorter.count:,} of {KINDS[kind].label} ({', '.join(first)}{more})")
    raise ConfigurationError(
        f"source: {shown} holds files of several kinds: {' and '.join(sorted(each))}; say which to read, by format "
        "json, ndjson or parquet, or give a folder with one of them"
    )


def folder_of_items(folder: Path) -> Path | None:
    """Return the folder that the items of a collection's folder are in; None where only its document can hold them.

    That is `items`, as it always was. Where files of items lie beside that, or in other folders, it is all of them.

    Raises:
        ConfigurationError: it is the folder of a table format.
        OSError: it can't be read.

    """
    items = folder / "items"
    beside = survey(folder, kind_name, leave_out={items.name, *DESCRIPTIONS})
    if beside.names or beside.refused:
        return folder
    return items if items.is_dir() else None
