"""What a corpus is: its files, as written and as they are; and its manifest, written last, which marks a whole one."""

import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from ingest_bench.results.digest import Reference
from ingest_bench.results.models import Record
from stac_ingest.core.atomic import write_atomically

_MAX_LISTED = 100
"""Up to so many files a manifest lists each of them."""
WORKFLOW_MARK = ".snakemake_timestamp"
"""Snakemake leaves this in a folder that a rule makes."""


class Entry(NamedTuple):
    """A file of a corpus."""

    name: str
    """Relative to the folder, with `/`."""
    size: int
    """Bytes; 0 for a symbolic link that isn't followed."""
    digest: str
    """Hexadecimal."""


def entry_of(name: str, data: bytes) -> Entry:
    """Describe a file that holds `data`."""
    return Entry(name, len(data), sha256(data).hexdigest())


def link_entry(name: str, target: str) -> Entry:
    """Describe a symbolic link; where it leads to is not looked at."""
    return Entry(name, 0, sha256(b"link to " + os.fsencode(target)).hexdigest())


def file_entry(path: Path | str, name: str) -> Entry:
    """Read a file, or a symbolic link, and describe it."""
    path = Path(path)
    if path.is_symlink():
        return link_entry(name, str(path.readlink()))
    with path.open("rb") as file:
        return Entry(name, os.fstat(file.fileno()).st_size, file_digest(file, "sha256").hexdigest())


def stat_entry(path: Path | str, name: str) -> Entry:
    """Describe a file by size and time of change, without reading it; of a link, those of what it leads to."""
    status = status_of(path)
    return Entry(name, status.st_size, sha256(f"{status.st_mtime_ns}".encode()).hexdigest())


def status_of(path: Path | str) -> os.stat_result:
    """Look at a file, or at what a link leads to; at the link itself where that is nowhere."""
    try:
        return os.stat(path)  # noqa: PTH116 - a Path for each of 100,000 files takes time
    except OSError:
        return os.lstat(path)


def files_below(root: Path) -> Iterator[tuple[str, str]]:
    """List the paths of files and links, and their names relative to `root`; a file is its own only one."""
    if not root.is_dir():
        yield str(root), root.name
        return
    waiting, start = [str(root)], len(str(root)) + 1
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name != WORKFLOW_MARK and (entry.is_symlink() or entry.is_file()):
                    yield entry.path, entry.path[start:]


def inventory(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what a manifest holds about files: `files`, `bytes`, `sha256` and `file_sha256`."""
    listed = sorted(entries) if len(entries) <= _MAX_LISTED else []
    return {
        "files": len(entries),
        "bytes": sum(entry.size for entry in entries),
        "sha256": combined(entries),
        "file_sha256": {entry.name: entry.digest for entry in listed},
    }


def combined(entries: Iterable[Entry]) -> str:
    """Hash all entries in the order of their names."""
    total = sha256()
    for entry in sorted(entries):
        total.update(f"{entry.name}\0{entry.size}\0{entry.digest}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


GENERATOR = "1"
"""Goes up when the same settings and seed give other items."""


class Manifest(Record):
    """A corpus, generated or the user's own."""

    generator: str | None = Field(default=None, description="version of the generator; None: not generated")
    kind: str = Field(description="of the corpus")
    seed: int | None = None
    item_kb: int | None = None
    origin: str | None = Field(default=None, description="path or URL of a corpus that is the user's own")
    collection: str | None = Field(default=None, description="id of the collection that the items belong to")
    items: int | None = Field(description="items that can be delivered: broken ones are not among them; None: unknown")
    files: int = Field(default=0, description="regular files and links")
    bytes: int = Field(default=0, description="of all files together")
    broken: dict[str, str] = Field(default_factory=dict, description="files that can't be read or parsed, and why")
    reference: Reference | None = Field(description="what every arm must deliver; None: unknown")
    file_references: dict[str, Reference] = Field(
        default_factory=dict, description="GeoParquet: the reference of each file alone"
    )
    writer: str | None = Field(default=None, description="software that the bytes depend on, beside the generator")
    fingerprint: Literal["content", "stat"] = Field(
        default="content", description="whether `sha256` is over the content of the files, or over their size and time"
    )
    sha256: str | None = Field(default=None, description="over all files in the order of their names")
    file_sha256: dict[str, str] = Field(default_factory=dict, description="of each file, where they are few")


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Put a manifest in place at once: it is there whole or not at all."""
    write_atomically(path, manifest.model_dump_json(indent=1).encode() + b"\n", sync="nothing")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        FileNotFoundError: the corpus was not built.
        pydantic.ValidationError: the file is damaged or of another version.

    """
    return Manifest.model_validate_json(Path(path).read_bytes())
