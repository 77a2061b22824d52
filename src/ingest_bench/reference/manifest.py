"""The manifest of an output, as any reader has it: from its JSON alone, apart from the code that writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from ingest_bench.errors import MeasurementError

NAME = "manifest.json"


class Part(BaseModel):
    """A file of the output."""

    path: str
    """Below the output."""
    bytes: int
    sha256: str


class Partition(BaseModel):
    """What a folder holds."""

    folder: str
    """Below that of all items, such as `year=2024/month=05`."""
    parts: list[Part]


class Manifest(BaseModel):
    """What the output holds; other members of the file don't matter here."""

    version: Literal[2]
    generation: int
    verdict: str
    reason: str
    items: int
    bytes: int
    journal: str | None = None
    """Below the output."""
    partitions: list[Partition]


def manifest_of(output: Path) -> Manifest:
    """Return the manifest of an output.

    Raises:
        MeasurementError: there is none, or it can't be read.

    """
    path = output / NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise MeasurementError(f"{path} can't be read: {error}") from None
