"""The source of a URL of a store, or of a file on a web server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from stac_ingest.config import IngestConfig
from stac_ingest.core.listing import kept
from stac_ingest.core.source import Source
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.http.credentials import read_credentials
from stac_ingest.sources.combined import CombinedSource, RefusedFiles
from stac_ingest.sources.folder import TABLES, FolderFiles, files_of
from stac_ingest.sources.json_file import items_of_collection
from stac_ingest.sources.kind import DESCRIPTIONS, KINDS, Where, kind_name
from stac_ingest.sources.linked import text_leads_on
from stac_ingest.sources.stored.documents import StoredDocumentSource, StoredDocumentsSource, document
from stac_ingest.sources.stored.entries import entry, name_of, object_of
from stac_ingest.sources.stored.lines import StoredLinesSource
from stac_ingest.sources.stored.survey import survey_prefix, without_repeated
from stac_ingest.sources.stored.synced import named_tables
from stac_ingest.sources.stored.tables import StoredTablesSource
from stac_ingest.stores.objects import Store
from stac_ingest.stores.urls import StoreUrl, read_url, store_kind
from stac_ingest.summary import IngestSummary

_COLLECTION, _ITEMS = "collection.json", "items"
_CHANGES = "changes"
"""The folder of the journals of a sync."""


class _Opened(NamedTuple):
    store: Store
    config: IngestConfig
    summary: IngestSummary


def stored_source(config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    """Choose the source of an object, of all below a prefix, or of a file on a web server. It asks the store.

    Raises:
        ConfigurationError: the URL, or the credentials of the environment, can't be used, or there is nothing to read.
        DataProcessingError: the store can't be asked, or holds no file of the kind that is asked for.

    """
    if store_kind(config.source) is None:
        from stac_ingest.stores.web import WebFile  # noqa: PLC0415 - stores of objects don't need it

        web = WebFile(config, summary)
        name = unquote(urlsplit(config.source).path.rpartition("/")[2]) or "file"
        return _closed_on_error(web, lambda: _of_object(_Opened(web, config, summary), name, _format(config)))
    from stac_ingest.stores.opening import open_object_store  # noqa: PLC0415 - needs an extra of the package

    url = read_url(config.source)
    opened = _Opened(open_object_store(url, config), config, summary)
    if (document := _catalog_document(opened, url)) is not None:
        from stac_ingest.sources.catalog.source import catalog_source  # noqa: PLC0415 - most sources are none

        return catalog_source(Where(f"{url.root}/{document}"), config, summary)
    kind = _of_url(url, config)
    if kind is not None:
        return _of_object(opened, url.key, kind)
    folder = _folder_of(url)
    return _of_prefix(opened, f"{folder}/" if folder else "")


def stored_catalog(config: IngestConfig, summary: IngestSummary) -> str | None:
    """Return the URL of the first document of the catalog that a URL of a store names; None where it names none.

    Raises:
        ConfigurationError: the URL, or the credentials of the environment, can't be used; or `format` asks for a
            catalog, and there is none.
        DataProcessingError: the store can't be asked.

    """
    if store_kind(config.source) is None:
        return None
    from stac_ingest.stores.opening import open_object_store  # noqa: PLC0415 - see above

    url = read_url(config.source)
    store = open_object_store(url, config)
    try:
        found = _catalog_document(_Opened(store, config, summary), url)
    finally:
        store.close()
    return None if found is None else f"{url.root}/{found}"


def check_stored(config: IngestConfig) -> None:
    """See that a URL and the credentials for it can be used, as far as that is told without asking.

    Raises:
        ConfigurationError: they can't.

    """
    if store_kind(config.source) is None:
        read_credentials(config)
        return
    from stac_ingest.stores.opening import open_object_store  # noqa: PLC0415 - see above

    url = read_url(config.source)
    _of_url(url, config)
    open_object_store(url, config)


def place_of_stored(source: str) -> str:
    """Return the URL that the names of a source's files are relative to."""
    if store_kind(source) is None:
        parts = urlsplit(source)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rpartition('/')[0]}"
    url = read_url(source)
    names_file = not url.is_prefix and kind_name(url.key.lower()) is not None
    folder = url.key.rpartition("/")[0] if names_file else url.key
    return f"{url.root}/{folder}".rstrip("/")


def _folder_of(url: StoreUrl) -> str:
    """Return the prefix that is meant: a collection's document stands for the folder that it is in."""
    folder, _, name = url.key.rpartition("/")
    return folder if name == _COLLECTION and not url.is_prefix else url.key


def _format(config: IngestConfig) -> str | None:
    return next((name for name, kind in KINDS.items() if config.format and kind.format == config.format), None)


def _catalog_document(opened: _Opened, url: StoreUrl) -> str | None:
    """Return the key of the first document of a catalog; None where the URL is of none. As on disk and on the web.

    Raises:
        ConfigurationError: the setting `format` asks for a catalog, and there is none.

    """
    config = opened.config
    name = "" if url.is_prefix else url.key.rpartition("/")[2]
    if config.format == KINDS["catalog"].format:
        below = f"{url.key}/" if url.key else ""
        keys = [f"{below}{one}" for one in ("catalog.json", _COLLECTION)] if kind_name(name) is None else [url.key]
        found = next((key for key in keys if _is_there(opened.store, key)), None)
        if found is None:
            raise ConfigurationError(
                f"format 'catalog': there is neither catalog.json nor collection.json at {config.source}"
            )
        return found
    if config.format is not None or config.source_type != "auto" or name not in DESCRIPTIONS:
        return None
    if name != _COLLECTION:
        return url.key
    of = opened.store.head(url.key)
    return url.key if text_leads_on(document(opened.store, of, config.max_response_mib << 20)) else None


def _is_there(store: Store, key: str) -> bool:
    try:
        store.head(key)
    except ItemError:
        return False
    return True


def _closed_on_error(store: Store, make: Callable[[], Source[Any]]) -> Source[Any]:
    """Make a source, which closes its store at its end; where there is no source, the store is closed at once."""
    try:
        return make()
    except BaseException:
        store.close()
        raise


def _of_url(url: StoreUrl, config: IngestConfig) -> str | None:
    """Return the kind of file that a URL names; None where it names a prefix.

    Raises:
        ConfigurationError: the setting `source_type` says something else.

    """
    kind = None if url.is_prefix else kind_name(url.key.lower())
    if kind and url.key.rpartition("/")[2] == _COLLECTION and config.source_type != "file":
        return None
    if config.source_type == "file" or (config.source_type == "auto" and kind):
        if url.is_prefix:
            raise ConfigurationError(
                f"source_type='file' specified, but {config.source} ends with a slash, as a prefix does"
            )
        return _format(config) or kind or next(iter(KINDS))
    return None


def _of_object(opened: _Opened, key: str, kind: str | None) -> Source[Any]:
    """Make the source of one object."""
    store, config, summary = opened
    of = store.head(key)
    prefix, _, name = key.rpartition("/")
    prefix = f"{prefix}/" if prefix else ""
    match kind or kind_name(name.lower()):
        case "ndjson":
            return StoredLinesSource(store, {name: of}, config, summary)
        case "geoparquet":
            return StoredTablesSource(store, prefix, [entry(of, prefix)], config, summary)
        case _:
            members = items_of_collection if name == _COLLECTION else None
            return StoredDocumentSource(store, of, config, summary, *([members] if members else []))


def _of_prefix(opened: _Opened, prefix: str) -> Source[Any]:
    """Make the source of all that lies below a prefix."""
    store, config, summary = opened
    most = config.max_response_mib << 20
    found, top = survey_prefix(store, prefix, kind_name)
    shown = f"{store.url}/{prefix}"
    may_be_copy = TABLES in found.names or top.keys() <= {_ITEMS, _CHANGES}
    if may_be_copy and config.format in (None, KINDS[TABLES].format):
        tables = found.names[TABLES].result() if TABLES in found.names else ()
        named = named_tables(store, prefix, tables, found)
        if named is not None and not (named or found.refused):
            return StoredTablesSource(store, prefix, (), config, summary)
        if named is not None:
            return _of_files(opened, prefix, FolderFiles((), (), named, found.refused), shown)
    files = files_of(
        found,
        shown,
        config.format,
        summary,
        read=lambda one: document(store, object_of(one, prefix), most),
        name_of=name_of,
    )
    documents, lines, tables = (
        kept(without_repeated(listed, found)) for listed in (files.documents, files.lines, files.tables)
    )
    descriptions = {name for one in documents if (name := name_of(one)) in DESCRIPTIONS}
    if _COLLECTION in descriptions and not top.keys() - {_ITEMS, ""} and top[""] == len(descriptions):
        # As on disk, a collection has its items in a folder of their own, or else in its document.
        if not top[_ITEMS]:
            return _of_object(opened, f"{prefix}{_COLLECTION}", KINDS["json_files"].name)
        documents = kept(one for one in documents if name_of(one) not in DESCRIPTIONS)
    return _of_files(opened, prefix, FolderFiles(documents, lines, tables, found.refused), shown)


def _of_files(opened: _Opened, prefix: str, files: FolderFiles, shown: str) -> Source[Any]:
    store, config, summary = opened
    sources: list[Source[Any]] = []
    if files.tables and not (files.documents or files.lines):
        sources.append(StoredTablesSource(store, prefix, files.tables, config, summary))
    if files.documents:
        sources.append(StoredDocumentsSource(store, prefix, files.documents, config, summary))
    if files.lines:
        objects = {name_of(one): object_of(one, prefix) for one in files.lines}
        sources.append(StoredLinesSource(store, objects, config, summary))
    if files.refused:
        sources.append(RefusedFiles(files.refused))
    if not sources:
        raise DataProcessingError(f"No files of items found below {shown} (is it the prefix that was meant?)")
    return sources[0] if len(sources) == 1 else CombinedSource(sources)
