"""Where items come from. `make_source` chooses by the table in `kind`; a new source is one file and one entry there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError
from stac_ingest.lakes import table_at
from stac_ingest.sources.kind import (
    KINDS,
    STDIN,
    SourceKind,
    Where,
    api_kind,
    catalog_document,
    database_kind,
    is_several,
    is_stored,
    is_url,
    is_web_catalog,
    kind_of,
    named_kind,
    not_read,
)

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.core.source import Source
    from stac_ingest.summary import IngestSummary

__all__ = ["KINDS", "SourceKind", "Where", "check_path", "kind_of", "make_source"]

_LARGEST_DOCUMENT = 1 << 20
"""Bytes of a collection that tables can keep."""


def check_path(config: IngestConfig) -> None:
    """Check that the source is there, as far as the disk tells, and of the kind that the settings say.

    Args:
        config: the settings; no server is asked.

    Raises:
        ConfigurationError: it isn't, or is at a place that isn't read.

    """
    path = config.source
    if _is_checked_elsewhere(config):
        return
    if config.mode == "api" and (is_web_catalog(path) or is_stored(path)):
        raise ConfigurationError(
            "source: this is the URL of a file or of a static catalog, not of an API; use mode 'file'"
        )
    if config.is_remote and config.mode == "file" and catalog_document(path, config.format) is not None:
        return
    if not os.path.exists(path) and (why := not_read(path)) is not None:  # noqa: PTH110 - see below
        raise ConfigurationError(why)
    if config.mode == "api":
        return
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder above can't be entered
        hint = "; it is the URL of an API: use mode 'api'" if api_kind(path) else ""
        raise ConfigurationError(f"File not found: {path} (source){hint}")
    is_folder = Path(path).is_dir()
    if config.source_type == "file" and is_folder:
        raise ConfigurationError(
            f"source_type='file' specified but {path} is a directory; use 'items_directory', 'collection' or 'auto'"
        )
    if config.source_type == "items_directory" and not is_folder:
        raise ConfigurationError(
            f"source_type='items_directory' specified but {path} is not a directory; use 'file' or 'auto'"
        )


def _is_checked_elsewhere(config: IngestConfig) -> bool:
    """Return whether the source is no path; where it has a check of its own, do that."""
    if config.iceberg_catalog is not None:
        return True
    if config.source == STDIN and config.mode == "file":
        from stac_ingest.sources.stdin import check_stdin  # noqa: PLC0415 - most sources are paths

        check_stdin(config)
        return True
    if config.mode == "file" and is_several(config.source):
        from stac_ingest.sources.several import check_several  # noqa: PLC0415 - same

        check_several(config)
        return True
    if database_kind(config.source) is not None:
        import stac_ingest.outputs.pgstac  # noqa: F401, PLC0415 - says which extra is missing
        from stac_ingest.sources.pgstac import check_database  # noqa: PLC0415 - few sources are databases

        check_database(config)
        return True
    if lies_in_store(config):
        from stac_ingest.sources.stored.source import check_stored  # noqa: PLC0415 - files on disk need no store

        check_stored(config)
        return True
    return False


def make_source(config: IngestConfig, collection_id: str | None, summary: IngestSummary) -> Source[Any]:
    """Choose the source that the settings describe. Looks at the disk, so not for the event-loop thread.

    Args:
        config: the settings.
        collection_id: the collection to read, of an API; None where none is asked for.
        summary: takes the source's counts and notes.

    Returns:
        The source, with nothing read of it yet.

    Raises:
        ConfigurationError: what the settings name is missing or of another kind.
        DataProcessingError: a folder holds no Parquet files, and `format` asks for them.

    """
    if lies_in_store(config):
        from stac_ingest.sources.stored.source import stored_source  # noqa: PLC0415 - see `check_path`

        return stored_source(config, summary)
    kind, path = kind_and_path(config)
    _keep_collection(Path(config.source), summary)
    if kind is None:
        return _inline(path, config, summary)
    make: Callable[[Where, IngestConfig, IngestSummary], Source[Any]] = load(kind.source)
    return make(Where(path, collection_id), config, summary)


def place_of(config: IngestConfig) -> str:
    """Return the folder, or its URL, that the names of a source's files are relative to; of an API its own URL.

    Raises:
        ConfigurationError: what the settings name is missing or of another kind.

    """
    if lies_in_store(config):
        from stac_ingest.sources.stored.source import place_of_stored  # noqa: PLC0415 - see `check_path`

        return place_of_stored(config.source)
    kind, path = kind_and_path(config)
    if kind is KINDS["several"]:
        from stac_ingest.sources.several import common_folder  # noqa: PLC0415 - most sources are one

        return common_folder(path)
    return path if config.is_remote or Path(path).is_dir() else str(Path(path).parent)


def catalog_root(config: IngestConfig, summary: IngestSummary) -> str | None:
    """Return the path or the URL of the first document of the static catalog that the settings name; None without one.

    Raises:
        ConfigurationError: what the settings name is missing or of another kind.
        DataProcessingError: a store can't be asked.

    """
    if config.mode != "file":
        return None
    if lies_in_store(config):
        from stac_ingest.sources.stored.source import stored_catalog  # noqa: PLC0415 - see `check_path`

        return stored_catalog(config, summary)
    kind, path = kind_and_path(config)
    return path if kind is KINDS["catalog"] else None


def json_source(where: Where, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    """Return the source of a folder of JSON files, or of one document."""
    path = Path(where.source)
    if path.is_dir():
        from stac_ingest.sources.json_folder import json_folder_source  # noqa: PLC0415 - only folders need it

        return json_folder_source(path, config, summary)
    from stac_ingest.sources.json_file import JsonFileSource  # noqa: PLC0415 - only documents need it

    return JsonFileSource(path, config, summary)


def lines_source(where: Where, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    """Return the source of NDJSON files: of one, or of those of a folder."""
    path = Path(where.source)
    if path.is_dir():
        return json_source(where, config, summary)
    from stac_ingest.sources.lines.source import lines_source as of_file  # noqa: PLC0415 - only such files need it

    return of_file(where.source, config, summary)


def lies_in_store(config: IngestConfig) -> bool:
    """Return whether files off this machine are read. What is there on disk is a path, whatever its name."""
    source = config.source
    is_file = is_stored(source) or (config.format not in (None, KINDS["catalog"].format) and is_url(source))
    if config.mode == "api" or not is_file or (is_url(source) and config.format == KINDS["catalog"].format):
        return False
    return not os.path.exists(source)  # noqa: PTH110 - see `check_path`


def kind_and_path(config: IngestConfig) -> tuple[SourceKind | None, str]:
    """Find the kind of a source that isn't in a store, and where its items are.

    Args:
        config: the settings.

    Returns:
        The kind, None for the features inside a collection's document; and a path, or the URL of an API.

    Raises:
        ConfigurationError: what the settings name is missing or of another kind.

    """
    if config.mode == "api":
        return api_kind(config.source) or KINDS["api"], config.source
    check_path(config)
    if (kind := _kind_that_is_told(config)) is not None:
        return kind, config.source
    catalog = catalog_document(config.source, config.format) if config.source_type == "auto" else None
    if catalog is not None:
        return KINDS["catalog"], catalog
    path = Path(config.source)
    if config.format == KINDS["catalog"].format:
        raise ConfigurationError(f"format 'catalog': there is neither catalog.json nor collection.json in {path}")
    if config.source_type == "collection" or (config.source_type == "auto" and _is_collection(path)):
        document = path / "collection.json" if path.is_dir() else path
        items = document.parent / "items"
        if config.source_type == "auto" and path.is_dir():
            from stac_ingest.sources.folder import folder_of_items  # noqa: PLC0415 - only such folders need it

            items = folder_of_items(path) or items
        if not items.is_dir():
            return None, str(document)
        path = items
    named = (kind for kind in KINDS.values() if config.format is not None and kind.format == config.format)
    return next(named, None) or kind_of(str(path)), str(path)


def _kind_that_is_told(config: IngestConfig) -> SourceKind | None:
    """Return the kind of a source that isn't files: by a setting, by its name, or by the history that a table has."""
    if config.iceberg_catalog is not None:
        return KINDS["iceberg"]
    if (called := named_kind(config.source)) is not None:
        return called
    if (database := database_kind(config.source)) is not None:
        return database
    table = table_at(Path(config.source)) if config.format is None else None
    return None if table is None else KINDS[table.kind]


def _keep_collection(path: Path, summary: IngestSummary) -> None:
    """Keep the document that lies beside the items of a folder, or in it."""
    # What is wrong with it is told where it is needed. Several sources, or a URL, may be longer than any path is.
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if not _is_collection(path):
            return
        document = path / "collection.json" if path.is_dir() else path
        if document.stat().st_size <= _LARGEST_DOCUMENT:
            summary.keep_collection(json.loads(document.read_bytes()))


def _is_collection(path: Path) -> bool:
    return (path / "collection.json").is_file() if path.is_dir() else path.name == "collection.json"


def _inline(document: str, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    path = Path(document)
    if not path.is_file():
        raise ConfigurationError(f"No items/ directory found and no inline features: there is no {path}")
    from stac_ingest.sources.json_file import JsonFileSource, items_of_collection  # noqa: PLC0415 - only needed here

    return JsonFileSource(path, config, summary, items_of_collection)
