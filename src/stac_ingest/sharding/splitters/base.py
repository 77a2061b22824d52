"""What every splitter is: it cuts a source into pieces that shards read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Item
from stac_ingest.core.source import Source
from stac_ingest.sharding.plan import Piece, Shard
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
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
    """Sent to an API for planning."""
    notes: list[str] = field(default_factory=list)


def changed_since_planned(what: object) -> str:
    """Say that what a shard reads isn't what its plan was made from."""
    return f"{what} has changed since it was planned; start the ingest again"


def not_planned_from(listing: Path) -> str:
    """Say that the listing beside a plan isn't the one that the plan was made from."""
    return (
        f"{listing} is not the listing that the plan was made from; remove {listing.parent}/plan.json, and start again"
    )


def unreadable(source: str, error: OSError) -> str:
    """Say that the files of a source can't be listed."""
    return f"source: can't look into {source}: {error}"


class Splitter(Protocol):
    """Cuts one kind of source into pieces, and reads a piece. Made with the settings of the ingest."""

    @property
    def place(self) -> str:
        """Return what the names of the source's files are relative to: a folder or a prefix; of an API its URL."""

    def stamp(self) -> str | None:
        """Return a hash that changes when the source does; None where only requests would tell.

        Raises:
            ConfigurationError: there are no items in the source.
            DataProcessingError: the source can't be read.

        """

    def split(self) -> SplitPlan:
        """Cut the source into pieces: the same ones for the same source and the same settings.

        Raises:
            ConfigurationError: there are no items in the source.
            DataProcessingError: the source can't be read, or its server's responses can't be used.

        """

    def config(self, shard: Shard) -> IngestConfig:
        """Return the settings by which a shard is read."""

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
        """Make the source of a shard. Reading it raises `DataProcessingError` where it is not what was planned."""

    def owns(self, shard: Shard) -> Callable[[Item], bool] | None:
        """Return what tells whether an item that a shard received belongs to it; None where all do."""


class FilesSplitter:
    """What all splitters of files share: shards are read alike, and what a shard reads is in no other one."""

    format: ClassVar[str]
    plans_by_listing: ClassVar[bool] = False
    """Whether `split` needs no more of the source than what `stamp` has looked at, and doesn't look again."""

    def __init__(self, settings: ShardedIngest) -> None:
        self._settings = settings

    @property
    def place(self) -> str:
        """Return the folder, or that of a file, or the prefix of a bucket."""
        source = self._settings.source
        is_file = not is_object_storage(source) and Path(source).is_file()
        return str(Path(source).parent) if is_file else source

    def config(self, shard: Shard) -> IngestConfig:  # noqa: ARG002 - see above
        """Return the settings by which a shard is read."""
        return self._settings.config(format=self.format)

    def owns(self, shard: Shard) -> None:
        """Return None: all items of its files belong to a shard."""
