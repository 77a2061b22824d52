"""Removes what nobody reads any more: parts whose time of grace is over, and what killed runs have left.

Only what a sync has written is removed: files of its own names, in folders of its own names, and nothing behind a link.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from stac_ingest.sources.synced import PART
from stac_ingest.sync.index import FOLDER, REBUILT
from stac_ingest.sync.manifest import SyncManifest
from stac_ingest.sync.manifest_file import is_left_over
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import JOBS, MEMORIES, WORK

_PARTITION = re.compile(r"[a-z]+=[a-z0-9-]+")
_DEPTH = 2
"""Folders of a partition, at most: `year=2024/month=05`."""
_INDEX = re.compile(r"-?\d+-\d+\.npy(\.run-\d+)?|\..+\.part")
_RUN = re.compile(r"\d{8,}")
_JOURNAL = re.compile(r"\..+\.part")


def sweep(settings: SyncSettings, manifest: SyncManifest) -> None:
    """Remove what a manifest, which is on disk, doesn't name. What can't be removed stays until the next run.

    Args:
        settings: of the sync.
        manifest: the current one.

    """
    output, state = settings.output, settings.state
    named = {part.path for partition in manifest.partitions for part in partition.parts}
    named.update(old.path for old in manifest.retired)
    _sweep_parts(output / "items", "items", named, _DEPTH)
    _remove(output, is_left_over)
    _remove(output / "changes", lambda name: bool(_JOURNAL.fullmatch(name)))
    indexes = {Path(partition.index).name for partition in manifest.partitions}
    _remove(state / FOLDER, lambda name: name not in indexes and bool(_INDEX.fullmatch(name)))
    with suppress(OSError):
        (state / REBUILT).unlink(missing_ok=True)
    memories = None if manifest.memories is None else Path(manifest.memories).name
    for folder, kept in ((MEMORIES, memories), (WORK, None), (JOBS, f"{manifest.generation:08d}")):
        for entry in _entries(state / folder):
            if entry.is_dir(follow_symlinks=False) and _RUN.fullmatch(entry.name) and entry.name != kept:
                shutil.rmtree(entry.path, ignore_errors=True)


def _sweep_parts(folder: Path, path: str, named: set[str], depth: int) -> None:
    for entry in _entries(folder):
        below = f"{path}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if depth and _PARTITION.fullmatch(entry.name):
                _sweep_parts(Path(entry.path), below, named, depth - 1)
                with suppress(OSError):  # it isn't empty
                    Path(entry.path).rmdir()
        elif PART.fullmatch(below) and below not in named and entry.is_file(follow_symlinks=False):
            with suppress(OSError):
                Path(entry.path).unlink()


def _remove(folder: Path, is_own: Callable[[str], bool]) -> None:
    """Remove files of a folder by their names."""
    for entry in _entries(folder):
        if is_own(entry.name) and entry.is_file(follow_symlinks=False):
            with suppress(OSError):
                Path(entry.path).unlink()


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder, which may be missing. What a link leads to is nothing of ours."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with suppress(OSError), os.scandir(folder) as entries:
        yield from list(entries)
