"""The manifest on disk. To replace it is the one step by which a run counts."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from stac_ingest.core.atomic import write_text
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sources.synced import ADVICE, MANIFEST, SYNC, manifest_of
from stac_ingest.sync.manifest import SyncManifest

_OWN = frozenset({SYNC, "items", "changes"})


def read_manifest(folder: Path) -> SyncManifest | None:
    """Return what an output holds; None before the first run has ended.

    Raises:
        ConfigurationError: the folder holds something else than the output of a sync.
        DataProcessingError: the manifest can't be read, or is of another release.

    """
    document = manifest_of(folder)
    if document is None:
        _refuse_others(folder)
        return None
    try:
        return SyncManifest.model_validate(document)
    except ValidationError as error:
        raise DataProcessingError(f"{folder / MANIFEST} can't be read: {error.errors()[0]['msg']}; {ADVICE}") from error


def write_manifest(folder: Path, manifest: SyncManifest) -> None:
    """Replace the manifest; it is on disk when this returns.

    Raises:
        DataProcessingError: it can't be written. The one before is as it was.

    """
    write_text(folder / MANIFEST, manifest.model_dump_json(indent=1) + "\n")


def is_left_over(name: str) -> bool:
    """Tell whether a file of the output's folder is what a killed run was to make the manifest."""
    return name.startswith(f".{MANIFEST}.") and name.endswith(".part")


def _refuse_others(folder: Path) -> None:
    """Refuse a folder that holds what no sync has written."""
    try:
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise DataProcessingError(f"can't read {folder}: {error.strerror or error}") from error
    for name in names:
        if name not in _OWN and not is_left_over(name):
            raise ConfigurationError(f"output: {folder} holds {name}, which no sync wrote; give a new or empty folder")
