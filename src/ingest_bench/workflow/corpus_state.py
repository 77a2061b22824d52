"""Whether the files of a corpus are still those that its manifest describes, without reading them every time.

Names, sizes and times are compared first, which takes a third of a second for 100,000 files. Only where they differ
(after a copy, a `touch`, a clone) is every byte read, once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ingest_bench.corpora.inventory import WORKFLOW_MARK
from stac_ingest.core.atomic import write_atomically


def corpus_unchanged(folder: Path, manifest: Path) -> bool:
    """Say whether a corpus, file or folder, holds what its manifest says.

    Raises:
        OSError: the manifest, or the corpus, can't be read.
        pydantic.ValidationError: the manifest is damaged.

    """
    memory = _memory(manifest)
    looks = _stat_fingerprint(folder, manifest)
    if _read(memory) == looks:
        return True
    # How a corpus is looked through is nothing that a corpus depends on.
    from ingest_bench.corpora.check import verify  # noqa: PLC0415

    if verify(folder, manifest):
        return False
    _write(memory, looks)
    return True


def remember(folder: Path, manifest: Path) -> None:
    """Take note of how a corpus looks that has just been made from, or compared with, its manifest."""
    _write(_memory(manifest), _stat_fingerprint(folder, manifest))


def _memory(manifest: Path) -> Path:
    return manifest.with_name(f".{manifest.name.removesuffix('.manifest.json')}.seen")


def _read(memory: Path) -> str | None:
    try:
        return memory.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None


def _write(memory: Path, looks: str) -> None:
    with suppress(OSError):  # results that can't be written to are looked through every time
        write_atomically(memory, looks.encode())


def _stat_fingerprint(folder: Path, manifest: Path) -> str:
    total = sha256(manifest.read_bytes())
    for line in sorted(_lines(folder)):
        total.update(line)
    return total.hexdigest()


def _lines(root: Path) -> Iterator[bytes]:
    """Give a line for each file and link below a folder, or for a single file."""
    if not root.is_dir():
        found = root.lstat()
        yield _line(root.name, found)
        return
    waiting, start = [str(root)], len(str(root)) + 1
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name != WORKFLOW_MARK:
                    yield _line(entry.path[start:], entry.stat(follow_symlinks=False))


def _line(name: str, found: os.stat_result) -> bytes:
    return os.fsencode(name) + f"\0{found.st_mode}\0{found.st_size}\0{found.st_mtime_ns}\n".encode()
