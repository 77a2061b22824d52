"""The reports that this package writes beside items: recognised, so that what was written can be read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

CERTIFICATE = {"verdict", "reason", "items"}
MANIFEST = {"verdict", "format", "items"}
FAILURE = {"item_id", "error", "step_id"}
CHANGE = {"item_id", "member", "what"}
FINDING = {"collection", "id", "what"}
INGEST = {"source", "output"}

REPORTS = {
    "certificate.json": CERTIFICATE,
    "manifest.json": MANIFEST,
    "failures.ndjson": FAILURE,
    "notes.ndjson": CHANGE,
    "audit.ndjson": FINDING,
}
"""By name of the file, the members by which its document, or its first line, is told from an item of that name."""

SHARDS, OWNER = "shards", "ingest.json"
"""The folder of an ingest in shards, and the file in it that says so."""
OF_SYNC = "manifest.json", ".sync"
"""The manifest of an output that a sync keeps in step, and the folder in it of what isn't for readers."""
MOST = 64 << 20
"""Bytes that are looked at: a manifest names every part of an output."""


def may_be_synced(folder: Path) -> bool:
    """Say whether a folder may be an output that a sync keeps in step, by the names in it alone."""
    return any((folder / name).exists() for name in OF_SYNC)


def is_report(path: Path) -> bool:
    """Whether a file with the name of a report is one. An item of that name is none."""
    return is_report_text(path.name, _beginning(path))


def is_report_text(name: str, text: bytes) -> bool:
    """Whether a file with the name of a report is one, by its text or its first line."""
    document = _first_document(text)
    return document.get("type") != "Feature" and REPORTS[name] <= document.keys()


def is_state_of_shards(folder: Path) -> bool:
    """Whether a folder holds the plan and the certificates of an ingest in shards, and no items."""
    return folder.name == SHARDS and is_state_text(_beginning(folder / OWNER))


def is_state_text(text: bytes) -> bool:
    """Whether the text of a file called `ingest.json` says that its folder is the state of an ingest in shards."""
    return _first_document(text).keys() >= INGEST


def _beginning(path: Path) -> bytes:
    try:
        if not path.is_file():  # opening a FIFO would wait for somebody to write to it
            return b""
        with path.open("rb") as stream:
            return stream.readline(MOST) if path.suffix == ".ndjson" else stream.read(MOST)
    except OSError:
        return b""


def _first_document(text: bytes) -> dict[str, Any]:
    """Parse a text, or its first line; nothing where it holds no object."""
    for part in (text, text.partition(b"\n")[0]):
        try:
            document: Any = orjson.loads(part)
        except ValueError:
            continue
        if isinstance(document, dict):
            return document
    return {}
