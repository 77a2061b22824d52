"""What every splitter is: it cuts a source into pieces that shards read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Item
from stac_ingest.core.source import Source
from stac_ingest.sharding.plan import Piece, Shard
from stac_ingest.summary import IngestSummary


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """A source, cut into pieces."""

    pieces: list[Piece]
    expected: list[int]
    """Items of each, or files, as far as they are known."""
    total: int | None
    """Of all of these; None where the source doesn't say."""
    counts_items: bool = False
    """Whether `total` is a number of items."""
    stamp: str | None = None
    """What the source was like; see `Splitter.stamp`."""
    requests: int = 0
    """What planning has asked of an API."""
    notes: list[str] = field(default_factory=list)


class Splitter(Protocol):
    """One kind of source."""

    def stamp(self) -> str | None:
        """Tell in a word what the source is like now; None where only asking its server would tell."""

    def split(self) -> SplitPlan:
        """Cut the source into pieces: the same ones for the same source and the same settings."""

    def config(self, shard: Shard) -> IngestConfig:
        """Give the settings by which a shard is read."""

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
        """Make the source of a shard."""

    def owns(self, shard: Shard, item: Item) -> bool:
        """Say whether an item that came in a shard belongs to it."""
