"""Compares a corpus with its manifest."""

from collections.abc import Iterator
from pathlib import Path

from ingest_bench.corpora.inventory import Entry, Manifest, combined, file_entry, files_below, read_manifest, stat_entry
from stac_ingest.core.text import counted


def verify(folder: Path | str, manifest: Path | str) -> list[str]:
    """Say what has changed since a corpus was built, or described; an empty list: nothing.

    Every byte of a generated corpus is read. Of the user's own files, sizes and times are looked at.

    Args:
        folder: the corpus; of the user's own, the file or folder itself.
        manifest: what it should be.

    """
    folder = Path(folder)
    if not folder.exists():
        return [f"{folder} is not there"]
    expected = read_manifest(Path(manifest))
    read = file_entry if expected.fingerprint == "content" else stat_entry
    present = [read(path, name) for path, name in files_below(folder)]
    if combined(present) == expected.sha256:
        return []
    return list(_named(expected, present)) or list(_counted(expected, present))


def _named(expected: Manifest, present: list[Entry]) -> Iterator[str]:
    """Name the files that changed, where the manifest lists them."""
    if not expected.file_sha256:
        return
    digests = {entry.name: entry.digest for entry in present}
    for name in sorted(expected.file_sha256.keys() | digests.keys()):
        if name not in digests:
            yield f"{name} is missing"
        elif name not in expected.file_sha256:
            yield f"{name} does not belong here"
        elif digests[name] != expected.file_sha256[name]:
            yield f"{name} has changed"


def _counted(expected: Manifest, present: list[Entry]) -> Iterator[str]:
    """Say as much as counts tell, where the files are too many to be listed."""
    surplus = len(present) - expected.files
    if surplus:
        yield f"{counted(abs(surplus), 'file')} {'too many' if surplus > 0 else 'missing'}, expected {expected.files:,}"
    size = sum(entry.size for entry in present)
    if size != expected.bytes:
        yield f"{size} bytes instead of {expected.bytes}"
    if not surplus:
        yield f"some of {counted(len(present), 'file')} have changed"
