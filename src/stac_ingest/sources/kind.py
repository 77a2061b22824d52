"""The kinds of sources there are. A new one is a source, perhaps a splitter for shards, and one entry of the table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class SourceKind(NamedTuple):
    """What there is to know of a kind of source without importing it."""

    name: str
    """Of its section in a settings file."""
    label: str
    """In words."""
    source: str
    """Where the function is, as `module:name`, that makes its source of a `Where`, the settings and a summary."""
    prefixes: tuple[str, ...] = ()
    """How its URLs begin, in small letters; an API has some, and files have none."""
    suffixes: tuple[str, ...] = ()
    """How the names of its files end."""
    format: str | None = None
    """What the setting `format` calls it."""
    settings: tuple[str, ...] = ()
    """Settings that only sources of this kind take, of a run or of an ingest in shards, which hands on the former."""
    splitter: str | None = None
    """Where the class is, as `module:name`, that cuts such a source into shards; None where it can't be cut."""
    piece: str | None = None
    """Where the model is, as `module:name`, of what the splitter plans for a shard."""
    splits_a_file: bool = False
    """Whether a shard can be a part of one file."""
    preload: tuple[str, ...] = ()
    """Modules that are imported when such a source is first read."""


class Where(NamedTuple):
    """Where the items of a source are."""

    source: str
    """A path, or the URL of an API."""
    collection_id: str | None = None


KINDS: dict[str, SourceKind] = {
    kind.name: kind
    for kind in (
        SourceKind(
            "json_files",
            "JSON files",
            "stac_ingest.sources:json_source",
            suffixes=(".json",),
            format="json",
            splitter="stac_ingest.sharding.splitters.item_files:ItemFilesSplitter",
            piece="stac_ingest.sharding.plan:FilesPiece",
            preload=("stac_ingest.sources.directory.source",),
        ),
        SourceKind(
            "geoparquet",
            "GeoParquet",
            "stac_ingest.sources.geoparquet:geoparquet_source",
            suffixes=(".parquet", ".geoparquet"),
            format="parquet",
            splitter="stac_ingest.sharding.splitters.geoparquet:GeoParquetSplitter",
            piece="stac_ingest.sharding.plan:RowsPiece",
            splits_a_file=True,
            preload=("stac_ingest.sources.geoparquet", "pyarrow.parquet", "shapely"),
        ),
        SourceKind(
            "api",
            "API",
            "stac_ingest.sources.stac_api:api_source",
            prefixes=("http://", "https://"),
            settings=(
                "limit",
                "headers_file",
                "retry",
                "retry_attempts",
                "retry_seconds",
                "timeout",
                "budget",
                "max_requests",
                "requests_per_second",
                "max_in_flight",
            ),
            splitter="stac_ingest.sharding.splitters.stac_api:StacApiSplitter",
            piece="stac_ingest.sharding.plan:TimePiece",
            # A server's name is looked up by a codec.
            preload=("stac_ingest.sources.stac_api", "stac_ingest.http.resolver", "aiohttp", "encodings.idna"),
        ),
    )
}
"""By name. A folder with files of several kinds is of the one that comes first; what nothing tells is the first."""

PARQUET_SUFFIXES = KINDS["geoparquet"].suffixes


def kind_of(source: str) -> SourceKind:
    """Find out what a source is: by the beginning of a URL, the name of a file, or the names in a folder.

    A folder is looked through no further than to the first file of the first kind, since there may be millions.

    Raises:
        OSError: the folder can't be read.

    """
    path = Path(source)
    return api_kind(source) or (_of_folder(path) if path.is_dir() else _of_name(path.name)) or _first()


def api_kind(source: str) -> SourceKind | None:
    """Return the kind of API that a URL is of; None where it is a path. Looks at the text alone."""
    return next((kind for kind in KINDS.values() if source.lower().startswith(kind.prefixes)), None)


def is_url(source: str) -> bool:
    """Say whether a source is an API rather than a path."""
    return api_kind(source) is not None


def _of_folder(folder: Path) -> SourceKind | None:
    found: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            kind = _of_name(entry.name)
            if kind == _first():
                return kind
            if kind is not None:
                found.add(kind.name)
    return next((kind for kind in KINDS.values() if kind.name in found), None)


def _of_name(name: str) -> SourceKind | None:
    return next((kind for kind in KINDS.values() if name.endswith(kind.suffixes)), None)


def _first() -> SourceKind:
    return next(iter(KINDS.values()))
