"""Outputs that a sync keeps in step: what they hold is what their manifest names, whatever else lies in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import orjson

from stac_ingest.errors import DataProcessingError
from stac_ingest.sources.reports import MOST, OF_SYNC

MANIFEST, SYNC = OF_SYNC
VERSION: Literal[2] = 2
"""Of the manifest. That of an ingest in shards, of the same name, is 1."""
PART = re.compile(r"items/([a-z]+=[a-z0-9-]+/)+part-[0-9a-f]{16}\.parquet")
"""The path of a part, below the output."""
ADVICE = "restore a copy of it, or sync into another folder"


def is_synced(folder: Path) -> bool:
    """Tell whether a folder is an output that a sync keeps in step, be it before its first run has ended.

    Raises:
        DataProcessingError: its manifest can't be read.

    """
    return manifest_of(folder) is not None or (folder / SYNC).is_dir()


def parts_of_sync(folder: Path) -> list[str] | None:
    """Return the paths of the parts that an output holds by its manifest, below the folder, sorted.

    Who goes by them finds each item once, though another run is published meanwhile: what it replaces stays for a time.

    Returns:
        None where the folder is no output of a sync.

    Raises:
        DataProcessingError: its manifest is missing or can't be read.

    """
    manifest = manifest_of(folder)
    if manifest is None:
        if not (folder / SYNC).is_dir():
            return None
        raise DataProcessingError(f"{folder}: no sync has ended here yet, so there is no {MANIFEST}; run it to its end")
    return sorted(parts_named(manifest, str(folder / MANIFEST)))


def parts_named(manifest: dict[str, Any], shown: str) -> list[str]:
    """Return the paths of the parts that a manifest names.

    Args:
        manifest: of a sync.
        shown: what it is called in messages.

    Raises:
        DataProcessingError: it names none, or something else.

    """
    try:
        paths = [part["path"] for partition in manifest["partitions"] for part in partition["parts"]]
    except (KeyError, TypeError) as error:
        raise DataProcessingError(f"{shown} can't be read: {error!r}; {ADVICE}") from error
    for path in paths:
        if not isinstance(path, str) or not PART.fullmatch(path):
            raise DataProcessingError(f"{shown} names {path!r:.80}, which is no part of a sync; {ADVICE}")
    return paths


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a sync as it stands in a folder, but for its version unchecked; None where there is none.

    Raises:
        DataProcessingError: it can't be read, or is of another release.

    """
    path = folder / MANIFEST
    has_state = (folder / SYNC).is_dir()
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            document: Any = orjson.loads(stream.read(MOST))
    except (OSError, ValueError) as error:
        if not has_state:
            return None  # another one's file, which its own reader names
        raise DataProcessingError(f"{path} can't be read: {error}; {ADVICE}") from error
    return checked_manifest(document, str(path))


def checked_manifest(document: Any, shown: str) -> dict[str, Any] | None:
    """Return a document if it is the manifest of a sync, but for its version unchecked; None where it is none.

    Raises:
        DataProcessingError: it is of another release.

    """
    if not isinstance(document, dict) or not {"version", "generation", "partitions"} <= document.keys():
        return None
    if document["version"] != VERSION:
        raise DataProcessingError(
            f"{shown} is of version {document['version']!r:.20}, and this release reads {VERSION}; use the one that "
            "wrote it"
        )
    return document
