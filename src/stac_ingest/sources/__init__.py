"""Where items come from. `make_source` chooses; a new source is one file here and one line there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sources.base import Source
from stac_ingest.summary import IngestSummary

PARQUET_SUFFIXES = (".parquet", ".geoparquet")


def check_path(config: IngestConfig) -> None:
    """Look whether the path is there and of the kind that the settings say.

    Raises:
        ConfigurationError: it isn't.

    """
    path = config.source
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder above can't be entered
        raise ConfigurationError(f"File not found: {path} (source)")
    is_folder = Path(path).is_dir()
    if config.source_type == "file" and is_folder:
        raise ConfigurationError(
            f"source_type='file' specified but {path} is a directory; use 'items_directory', 'collection' or 'auto'"
        )
    if config.source_type == "items_directory" and not is_folder:
        raise ConfigurationError(
            f"source_type='items_directory' specified but {path} is not a directory; use 'file' or 'auto'"
        )


def make_source(config: IngestConfig, collection_id: str | None, summary: IngestSummary) -> Source[Any]:
    """Choose the source that the settings describe. Looks at the disk, so not for the event-loop thread.

    Raises:
        ConfigurationError: what the settings name is missing or of another kind.
        DataProcessingError: a folder holds no Parquet files, and `format` asks for them.

    """
    if config.mode == "api":
        return _api(config, collection_id, summary)
    check_path(config)
    path = Path(config.source)
    kind = config.source_type if config.source_type != "auto" else _kind(path)
    if kind == "collection":
        return _collection(path, config, summary)
    if kind == "items_directory":
        return _directory(path, config, summary)
    return _file(path, config, summary)


def _api(config: IngestConfig, collection_id: str | None, summary: IngestSummary) -> Source[Any]:
    if not collection_id:
        raise ConfigurationError(
            "collection_id must be provided in api mode: in the settings, or as data['collection_id'] of the context"
        )
    from stac_ingest.sources.stac_api import StacApiSource  # noqa: PLC0415 - file mode needs no HTTP client

    return StacApiSource(config, collection_id, summary)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "collection" if (path / "collection.json").is_file() else "items_directory"
    return "collection" if path.name == "collection.json" else "file"


def _collection(path: Path, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    document = path / "collection.json" if path.is_dir() else path
    items = document.parent / "items"
    if items.is_dir():
        return _directory(items, config, summary)
    if not document.is_file():
        raise ConfigurationError(f"No items/ directory found and no inline features: there is no {document}")
    from stac_ingest.sources.json_file import JsonFileSource, items_of_collection  # noqa: PLC0415 - only needed here

    return JsonFileSource(document, config, summary, items_of_collection)


def _directory(path: Path, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    if config.format == "parquet" or (config.format is None and not _holds_json(path)):
        tables = sorted(found for found in path.iterdir() if found.suffix in PARQUET_SUFFIXES)
        if tables:
            return _parquet(tables, config, summary)
        if config.format == "parquet":
            raise DataProcessingError(f"No Parquet files found in {path}")
    from stac_ingest.sources.json_directory import JsonDirectorySource  # noqa: PLC0415 - only this kind needs it

    return JsonDirectorySource(path, config, summary)


def _holds_json(path: Path) -> bool:
    """Whether there is a JSON file; looks no further than the first, since there may be millions."""
    with os.scandir(path) as entries:
        return any(entry.name.endswith(".json") for entry in entries)


def _file(path: Path, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    kind = config.format or ("parquet" if path.suffix in PARQUET_SUFFIXES else "json")
    if kind == "parquet":
        return _parquet([path], config, summary)
    from stac_ingest.sources.json_file import JsonFileSource  # noqa: PLC0415 - only this kind needs it

    return JsonFileSource(path, config, summary)


def _parquet(paths: list[Path], config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    from stac_ingest.sources.geoparquet import GeoParquetSource  # noqa: PLC0415 - loads Arrow

    return GeoParquetSource(paths, config, summary)
