"""What differs between kinds of sources: how they are cut, and how a piece is read."""

from __future__ import annotations

from pathlib import Path

from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding.plan import Shard, kind_of_piece
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
from stac_ingest.sharding.splitters.base import Splitter
from stac_ingest.sources.kind import (
    KINDS,
    SourceKind,
    api_kind,
    catalog_document,
    database_kind,
    kind_of,
    named_kind,
    not_read,
)


def splitter_for(settings: ShardedIngest, known: Shard | None = None) -> Splitter:
    """Return the splitter for the kind of source that the settings name.

    Args:
        settings: of the ingest.
        known: a shard of its plan, where there is one: nothing of the source needs to be looked at then.

    Raises:
        ConfigurationError: it isn't there, or can't be cut.

    """
    # Only the kind that is used is imported: an API needs no Arrow to be read, and files need no HTTP client.
    if is_object_storage(settings.source):
        from stac_ingest.sharding.splitters.stored_items import stored_splitter  # noqa: PLC0415

        return stored_splitter(settings, known)
    if (database := database_kind(settings.source)) is not None:
        # There may be a password in its URL.
        raise ConfigurationError(f"source: a {database.label} can't be cut into shards; use `stac-ingest`")
    planned = kind_of_piece(known.piece.kind) if known is not None else None
    kind = (
        planned
        or named_kind(settings.source)
        or api_kind(settings.source)
        or _kind_of_files(settings.source, settings.format)
    )
    if kind.splitter is None:
        raise ConfigurationError(f"source: {kind.label} can't be cut into shards; use `stac-ingest {settings.source}`")
    splitter: Splitter = load(kind.splitter)(settings)
    return splitter


def _kind_of_files(source: str, only: str | None) -> SourceKind:
    if catalog_document(source, only) is not None:
        return KINDS["catalog"]
    path = Path(source)
    if not path.exists() and (why := not_read(source)) is not None:
        raise ConfigurationError(why)
    if not path.exists():
        raise ConfigurationError(f"source: {source} is not there; give a folder, GeoParquet files or the URL of an API")
    named = (kind for kind in KINDS.values() if only is not None and kind.format == only)
    kind = next(named, None) or kind_of(source)
    if not path.is_dir() and not kind.splits_a_file:
        raise ConfigurationError(
            f"source: {source} is a single file, which is read in one go; use `stac-ingest {source} --to geoparquet`"
        )
    return kind
