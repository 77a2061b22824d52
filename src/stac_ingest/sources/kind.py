"""The kinds of sources there are. A new one is a source, perhaps a splitter for shards, and one entry of the table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from stac_ingest.core.unpack import SUFFIXES
from stac_ingest.http.urls import NO_ADDRESS, display, is_web_address
from stac_ingest.lakes import table_at


class SourceKind(NamedTuple):
    """What there is to know of a kind of source without importing it."""

    name: str
    """Of its section in a settings file."""
    label: str
    """In words."""
    source: str
    """Where the function is, as `module:name`, that makes its source of a `Where`, the settings and a summary."""
    prefixes: tuple[str, ...] = ()
    """How its URLs begin, in small letters; an API and a database have some, and files have none."""
    suffixes: tuple[str, ...] = ()
    """How the names of its files end."""
    forms: tuple[str, ...] = ()
    """How it is written, where it is neither a path nor a URL."""
    format: str | None = None
    """What the setting `format` calls it."""
    settings: tuple[str, ...] = ()
    """Settings that only sources of this kind take, of a run or of an ingest in shards, which hands on the former."""
    splitter: str | None = None
    """Where the class is, as `module:name`, that cuts such a source into shards; None where it can't be cut."""
    piece: str | None = None
    """Where the model is, as `module:name`, of what the splitter plans for a shard."""
    is_database: bool = False
    """Whether it is a database, which filters by itself."""
    splits_a_file: bool = False
    """Whether a shard can be a part of one file."""
    is_alone: bool = False
    """Whether it is read only where it is given itself, and never as a file of a folder."""
    preload: tuple[str, ...] = ()
    """Modules that are imported when such a source is first read."""
    about: str = ""
    """What is read of it: the text of its row in `docs/formats.md`."""
    told_by: str = ""
    """What tells a folder of it, in that row; names and prefixes of files and URLs tell the others."""
    extra: str | None = None
    """The extra of the package that such a source needs."""


class Where(NamedTuple):
    """Where the items of a source are."""

    source: str
    """A path, or the URL of an API."""
    collection_id: str | None = None
    """The collection to read of an API; None where all are."""


def _packed_too(*suffixes: str) -> tuple[str, ...]:
    return (*suffixes, *(f"{suffix}{packed}" for packed in SUFFIXES for suffix in suffixes))


STDIN = "-"
"""What standard input is called. A file of that name is `./-`."""
GLOB, LIST = "*?[", "@"
"""The signs of a pattern, and what is before the name of a list. A file of such a name is read as itself."""
_OF_SERVERS = (
    "headers_file",
    "retry",
    "retry_attempts",
    "retry_seconds",
    "timeout",
    "budget",
    "max_requests",
    "requests_per_second",
    "max_in_flight",
)
"""Settings of requests."""

KINDS: dict[str, SourceKind] = {
    kind.name: kind
    for kind in (
        SourceKind(
            "json_files",
            "JSON files",
            "stac_ingest.sources:json_source",
            suffixes=_packed_too(".json", ".geojson"),
            format="json",
            splitter="stac_ingest.sharding.splitters.item_files:ItemFilesSplitter",
            piece="stac_ingest.sharding.plan:FilesPiece",
            preload=("stac_ingest.sources.json_folder",),
            about="an item, a FeatureCollection, an array of items, or a Collection with `features`",
        ),
        SourceKind(
            "ndjson",
            "NDJSON",
            "stac_ingest.sources:lines_source",
            suffixes=_packed_too(".ndjson", ".jsonl", ".ndgeojson", ".geojsonl", ".geojsons", ".json-seq", ".jsonseq"),
            format="ndjson",
            splitter="stac_ingest.sharding.splitters.lines:LinesSplitter",
            piece="stac_ingest.sharding.plan:LinesPiece",
            splits_a_file=True,
            preload=("stac_ingest.sources.lines.source",),
            about="an item a line, or a JSON text sequence; files of any size, in pieces",
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
            preload=("stac_ingest.sources.folder", "stac_ingest.sources.geoparquet", "pyarrow.parquet", "shapely"),
            about="STAC-GeoParquet, and other tables whose rows are items",
        ),
        SourceKind(
            "delta",
            "Delta Lake",
            "stac_ingest.sources.lakes:delta_source",
            is_alone=True,
            preload=("stac_ingest.sources.lakes", "stac_ingest.lakes.delta", "deltalake", "shapely"),
            about="the [current rows](lakes.md) of the newest version",
            told_by="a folder with `_delta_log`",
            extra="delta",
        ),
        SourceKind(
            "iceberg",
            "Iceberg",
            "stac_ingest.sources.lakes:iceberg_source",
            settings=("iceberg_catalog", "allow_remote"),
            is_alone=True,
            preload=("stac_ingest.sources.lakes", "stac_ingest.lakes.iceberg", "pyiceberg.table", "shapely"),
            about="the [current rows](lakes.md) of the newest snapshot",
            told_by="a folder with `metadata/*.metadata.json`; the setting `iceberg_catalog`",
            extra="iceberg",
        ),
        SourceKind(
            "duckdb",
            "DuckDB",
            "stac_ingest.sources.duckdb_query:query_source",
            suffixes=(".sql",),
            settings=("allow_remote",),
            is_alone=True,
            preload=("stac_ingest.sources.duckdb_query", "duckdb", "shapely"),
            about="the rows of a [query of your own](lakes.md#as-a-source)",
            extra="duckdb",
        ),
        SourceKind(
            "api",
            "API",
            "stac_ingest.sources.stac_api:api_source",
            prefixes=("http://", "https://"),
            settings=("sortby", "limit", *_OF_SERVERS),
            splitter="stac_ingest.sharding.splitters.stac_api:StacApiSplitter",
            piece="stac_ingest.sharding.plan:TimePiece",
            # A server's name is looked up by a codec.
            preload=("stac_ingest.sources.stac_api", "stac_ingest.http.resolver", "aiohttp", "encodings.idna"),
            about="a STAC API, or a URL of its search, of its items or of a collection",
        ),
        SourceKind(
            "catalog",
            "static catalogs",
            "stac_ingest.sources.catalog.source:catalog_source",
            format="catalog",
            settings=_OF_SERVERS,
            preload=("stac_ingest.sources.catalog.source", "stac_ingest.sources.catalog.local"),
            about="the items that a `catalog.json` or `collection.json`, given by its path or URL, links to",
        ),
        SourceKind(
            "stdin",
            "standard input",
            "stac_ingest.sources.stdin:stdin_source",
            forms=(STDIN,),
            preload=("stac_ingest.sources.stdin",),
            about="NDJSON, a text sequence, or one JSON document, packed or not: the first bytes tell",
        ),
        SourceKind(
            "pgstac",
            "pgstac",
            "stac_ingest.sources.pgstac:pgstac_source",
            prefixes=("postgresql://", "postgres://"),
            is_database=True,
            preload=("stac_ingest.sources.pgstac", "psycopg"),
            about="the items of a [pgstac database](pgstac.md), in one snapshot",
            extra="pgstac",
        ),
        SourceKind(
            "several",
            "several files",
            "stac_ingest.sources.several:several_source",
            forms=("items/**/*.json", "@FILE", "A B ..."),
            preload=("stac_ingest.sources.several",),
            about="what a pattern in quotes matches, a list has a line for, or several SOURCEs name: files and folders",
        ),
    )
}
"""By name. A folder with files of several kinds is of the one that comes first; what nothing tells is the first."""

PARQUET_SUFFIXES = KINDS["geoparquet"].suffixes
_WEB = ("http://", "https://")
DESCRIPTIONS = frozenset({"collection.json", "catalog.json"})
"""Names of documents that describe items, and are none themselves, so that they don't make a folder one of JSON."""

_NO_ITEMS = DESCRIPTIONS | {"certificate.json", "manifest.json"}
"""Names by which it can't be told, without looking further, whether a folder is one of JSON."""


def kind_of(source: str) -> SourceKind:
    """Return what kind of source a text names: by the beginning of a URL, the name of a file, or the names in a folder.

    A folder is looked through no further than to the first file of the first kind, since there may be millions.

    Args:
        source: a path, a URL, a pattern or `-`, as the command takes it. No server is asked.

    Returns:
        An entry of `KINDS`; the first of them, JSON files, where nothing tells.

    Raises:
        ConfigurationError: a folder is a table of Hudi or of two formats, or holds a table of Delta Lake or Iceberg.
        DataProcessingError: a folder is the output of a sync, and its manifest can't be read.
        OSError: the folder can't be read.

    """
    if source == STDIN:
        return KINDS["stdin"]
    if is_several(source):
        return _of_name(parts_of(source)[0].lower()) or _first()
    if is_stored(source):
        return _of_name(_web_name(source)) or _first()
    path = Path(source)
    if (table := table_at(path)) is not None:
        return KINDS[table.kind]
    if catalog_document(source) is not None:
        return KINDS["catalog"]
    return (
        api_kind(source)
        or database_kind(source)
        or (_of_folder(path) if path.is_dir() else _of_name(path.name.lower()))
        or _first()
    )


def named_kind(source: str) -> SourceKind | None:
    """Return the kind of what is neither one path nor a URL; None where it is."""
    return KINDS["stdin"] if source == STDIN else KINDS["several"] if is_several(source) else None


def is_several(source: str) -> bool:
    """Return whether a source is several: a pattern, a list, or several lines. What is there by that name is one."""
    looks_so = "\n" in source or source.startswith(LIST) or has_glob(source)
    return looks_so and "://" not in source.partition("\n")[0] and not os.path.exists(source)  # noqa: PTH110 - too long for a Path


def has_glob(source: str) -> bool:
    """Return whether a source is a pattern, and no file of that name."""
    return any(sign in source for sign in GLOB) and not os.path.exists(source)  # noqa: PTH110 - see `is_several`


def parts_of(source: str) -> list[str]:
    """Return each of several sources."""
    return [part for part in source.split("\n") if part]


def api_kind(source: str) -> SourceKind | None:
    """Return the kind of API that a URL is of; None where it is a path. Looks at the text alone."""
    if is_web_catalog(source):
        return None
    kinds = (kind for kind in KINDS.values() if not kind.is_database)
    return next((kind for kind in kinds if source.lower().startswith(kind.prefixes)), None)


def database_kind(source: str) -> SourceKind | None:
    """Return the kind of database that a URL is of; None where it is of none. Looks at the text alone."""
    kinds = (kind for kind in KINDS.values() if kind.is_database)
    return next((kind for kind in kinds if source.lower().startswith(kind.prefixes)), None)


def is_web_catalog(source: str) -> bool:
    """Return whether a URL is the address of a static catalog on a web server, by the name of its document."""
    if not source.lower().startswith(_WEB) or not is_web_address(source):
        return False
    return urlsplit(source).path.rpartition("/")[2].lower() in DESCRIPTIONS


def catalog_document(source: str, only: str | None = None) -> str | None:
    """Return the first document of the static catalog that a source is; None where it is none.

    Args:
        source: a path or a URL. A document that is named itself is walked by its links; a `collection.json` only where
            it has links to items or children, since others describe the items beside them. A folder is read deeply.
        only: the setting `format`, which can say that a folder, or a file of any name, is a catalog.

    """
    is_said = only is not None
    if is_said and only != KINDS["catalog"].format:
        return None
    if "://" in source:
        return source if is_said or is_web_catalog(source) else None
    path = Path(source)
    if is_said and path.is_dir():
        return next((str(path / name) for name in ("catalog.json", "collection.json") if (path / name).is_file()), None)
    if not path.is_file() or not (is_said or path.name in DESCRIPTIONS):
        return None
    if not is_said and path.name == "collection.json":
        from stac_ingest.sources.linked import leads_on  # noqa: PLC0415 - few sources need it

        return source if leads_on(path) else None
    return source


def is_url(source: str) -> bool:
    """Return whether a source is an API rather than a path."""
    return api_kind(source) is not None


def is_stored(source: str) -> bool:
    """Return whether a source lies in a store of objects, or is a file on a web server. Looks at the text alone."""
    if "://" not in source:
        return False
    if is_url(source):
        return is_web_address(source) and _of_name(_web_name(source)) is not None
    from stac_ingest.stores.urls import store_kind  # noqa: PLC0415 - paths don't need it

    return store_kind(source) is not None


def mode_of(source: str, format: str | None = None) -> Literal["file", "api"]:  # noqa: A002 - the setting's name
    """Return the mode in which a source is read: a URL is that of an API, unless its name or `format` tells a file."""
    return "api" if is_url(source) and not is_stored(source) and format is None else "file"


def kind_name(name: str) -> str | None:
    """Return the name of the kind of files that are called so, of those that are read from folders."""
    kind = _of_name(name)
    return None if kind is None or kind.is_alone else kind.name


def not_read(source: str) -> str | None:
    """Return why a URL can't be a source of the command and the module, and what to do; None where it can.

    Looks at the text alone.

    """
    scheme, separator, _ = source.partition("://")
    if not separator or not scheme.isalnum() or is_web_catalog(source) or database_kind(source):
        return None
    if is_url(source):
        return None if is_web_address(source) else NO_ADDRESS
    if is_stored(source):
        return None
    return f"source: {shown(source)} is of {scheme.lower()}://, which isn't read; copy it here"


def _web_name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2].lower()


def shown(url: str) -> str:
    """Return a URL without what may be secret."""
    return display(url.partition("?")[0])


def _of_folder(folder: Path) -> SourceKind | None:
    first = _first()
    from stac_ingest.sources.reports import may_be_synced  # noqa: PLC0415 - only folders need it

    if may_be_synced(folder):
        from stac_ingest.sources.synced import is_synced  # noqa: PLC0415 - few folders need it

        if is_synced(folder):
            return KINDS["geoparquet"]
    with os.scandir(folder) as entries:
        for entry in entries:
            if _of_name(entry.name) == first and entry.name not in _NO_ITEMS and entry.name[0] != ".":
                return first
    # What else there is, is found as the files are that will be read.
    from stac_ingest.sources.directory.walk import walk  # noqa: PLC0415 - most folders need no walk

    found: set[str] = set()
    for _, names in walk(folder, lambda *_: None):
        for name in (*names.plain, *names.others):
            kind = kind_name(name.lower())
            if kind == first.name and name not in DESCRIPTIONS:
                return first
            if kind is not None:
                found.add(kind)
    others = (kind for kind in KINDS.values() if kind.name in found and kind != first)
    return next(others, first if first.name in found else None)


def _of_name(name: str) -> SourceKind | None:
    return next((kind for kind in KINDS.values() if name.endswith(kind.suffixes)), None)


def _first() -> SourceKind:
    return next(iter(KINDS.values()))
