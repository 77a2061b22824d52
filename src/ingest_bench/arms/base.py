"""What every arm is: a fetcher, made from a plain description that fits through a pipe as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from stac_ingest.context import WorkflowContext
from stac_ingest.summary import IngestSummary

ADAPTIVE = "adaptive"
"""The fetcher that finds its level of concurrency while it runs; that of its cell is the most it may use."""
READ_ONLY, PARSE_ONLY = "read_only", "parse_only"
STAGES = (READ_ONLY, PARSE_ONLY)
"""Fetchers that run one stage of an ingest alone."""
CHECKPOINT, CHECKPOINT_REOPENED = "checkpoint", "checkpoint_reopened"
CHECKPOINTS = (CHECKPOINT, CHECKPOINT_REOPENED)
"""Fetchers that keep account of items, and read none."""
COUNTED = (READ_ONLY, *CHECKPOINTS)
"""Fetchers that deliver nothing; how many items they dealt with is in their summary."""
SHARDED = "sharded"
"""Writes what it reads by itself, as GeoParquet."""


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """One side of a cell: which fetcher reads what, how."""

    fetcher: str
    kind: str
    """Of the corpus: item_files, items_directory, geoparquet or api."""
    source: str
    """A folder, a file, or the root URL of an API."""
    collection: str | None = None
    concurrency: int = 1
    max_items: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    budget: dict[str, Any] | None = None
    """What may be asked of a server that isn't this machine's: max_requests, requests_per_second, max_in_flight."""


class Fetcher(Protocol):
    """Yields items. What it counts while doing so is in its summary."""

    @property
    def summary(self) -> IngestSummary:
        """What the latest run counts."""

    def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:
        """Yield the items one by one; what can't be read goes to the context's failure collector."""


@runtime_checkable
class Prepared(Protocol):
    """A fetcher that has to do something before the clock starts."""

    async def prepare(self) -> None:
        """Get ready."""


def json_files(spec: ArmSpec) -> list[Path]:
    """List the item files of a folder in the order of their names."""
    folder = Path(spec.source)
    return sorted((folder / "items" if spec.kind == "items_directory" else folder).glob("*.json"))
