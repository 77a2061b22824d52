"""What a corpus is: its manifest, written last, so that a corpus with a manifest is a whole one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from ingest_bench.results.digest import Reference
from ingest_bench.results.models import Record
from stac_ingest.core.atomic import write_atomically

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
