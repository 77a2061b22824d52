"""What differs between kinds of sources: how they are cut, and how a piece is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from stac_ingest.config import IngestConfig
from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding.plan import Piece, Shard
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
from stac_ingest.sources.base import Item, Source
from stac_ingest.sources.kind import SourceKind, api_kind, kind_of
from stac_ingest.summary import IngestSummary


@dataclass(frozen=True, slots=True)
class Cut:
    """A source, cut into pieces."""

    pieces: list[Piece]
    expected: list[int]
    """Items of each, or files, as far as they are known."""
    total: int | None
    """Of all of these; None where the source doesn't say."""
    counts_items: bool = False
    """Whether `total` is a number of items."""
    stamp: str | None = None
    """What the source was like; see `Pieces.stamp`."""
    requests: int = 0
    """What planning has asked of an API."""
    notes: list[str] = field(default_factory=list)


class Pieces(Protocol):
    """One kind of source."""

    def stamp(self) -> str | None:
        """Tell in a word what the source is like now; None where only asking its server would tell."""

    def cut(self) -> Cut:
        """Cut the source into pieces: the same ones for the same source and the same settings."""

    def config(self, shard: Shard) -> IngestConfig:
        """Give the settings by which a shard is read."""

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
        """Make the source of a shard."""

    def owns(self, shard: Shard, item: Item) -> bool:
        """Say whether an item that came in a shard belongs to it."""


def pieces_of(settings: ShardedIngest, known: Shard | None = None) -> Pieces:
    """Find out which kind of source it is.

    Args:
        settings: of the ingest.
        known: a shard of its plan, where there is one: a bucket needn't be listed then.

    Raises:
        ConfigurationError: it isn't there, or can't be cut.

    """
    # Only the kind that is used is imported: an API needs no Arrow to be read, and files need no HTTP client.
    if is_object_storage(settings.source):
        from stac_ingest.sharding.objects import stored_pieces  # noqa: PLC0415

        return stored_pieces(settings, known)
    kind = api_kind(settings.source) or _kind_of_files(settings.source)
    if kind.splitter is None:
        raise ConfigurationError(f"source: {kind.label} can't be cut into shards; use `stac-ingest {settings.source}`")
    pieces: Pieces = load(kind.splitter)(settings)
    return pieces


def _kind_of_files(source: str) -> SourceKind:
    path = Path(source)
    if not path.exists():
        raise ConfigurationError(f"source: {source} is not there; give a folder, GeoParquet files or the URL of an API")
    kind = kind_of(source)
    if not path.is_dir() and not kind.splits_a_file:
        raise ConfigurationError(
            f"source: {source} is a single file, which is read in one go; use `stac-ingest {source} --to geoparquet`"
        )
    return kind
