"""The names of the files of each shard, kept beside the plan: a folder of a million files isn't listed by each job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from stac_ingest.core.atomic import write_lines
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.plan import FilesPiece
from stac_ingest.sharding.splitters.base import not_planned_from
from stac_ingest.sources.directory.walk import Refused
from stac_ingest.sources.folder import FolderFiles

NAME = "names.ndjson"
"""Has a line for each shard: what `FolderFiles` has, but for the tables."""


def keep_names(folder: Path, pieces: Iterable[FilesPiece], found: FolderFiles) -> list[FilesPiece]:
    """Write which files each piece has, and return the pieces with where that is.

    Args:
        folder: with the plan.
        pieces: of all files.
        found: all files.

    Raises:
        DataProcessingError: it can't be written.

    """
    placed: list[FilesPiece] = []

    def lines() -> Iterator[bytes]:
        at, names = 0, found.of_json
        for piece in pieces:
            files = found.part(names[piece.start : piece.stop])
            # A name need not be UTF-8: `json` writes such ones, too.
            line = json.dumps([files.documents, files.lines, files.refused], separators=(",", ":")).encode()
            placed.append(piece.model_copy(update={"names_at": at}))
            at += len(line) + 1
            yield line

    write_lines(folder / NAME, lines())
    return placed


def kept_files(folder: Path, piece: FilesPiece) -> FolderFiles:
    """Return the files of a piece.

    Raises:
        DataProcessingError: they aren't there.

    """
    try:
        with (folder / NAME).open("rb") as stream:
            stream.seek(-1 if piece.names_at is None else piece.names_at)
            documents, lines, refused = json.loads(stream.readline())
            return FolderFiles(documents, lines, (), [Refused(*one) for one in refused])
    except (OSError, ValueError, TypeError):
        raise DataProcessingError(not_planned_from(folder / NAME)) from None
