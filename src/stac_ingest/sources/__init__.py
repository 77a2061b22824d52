"""Where items come from. `make_source` chooses; a new source is one file here and one line there."""

from __future__ import annotations

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
    path = Path(config.source)
    if not path.exists():
        raise ConfigurationError(f"File not found: {path} (source)")
    if config.source_type == "file" and path.is_dir():
        raise ConfigurationError(
            f"source_type='file' specified but {path} is a directory; use 'items_directory', 'collection' or 'auto'"
        )


def make_source(config: IngestConfig, collection_id: str | None, summary: IngestSummary) -> Source[Any]:
    """Choose the source that the settings describe.

    Raises:
        ConfigurationError: what the settings name is missing or of another kind.

    """
    if config.mode == "api":
        from stac_ingest.sources.stac_api import StacApiSource  # noqa: PLC0415 - file mode needs no HTTP client

        if collection_id is None:
            raise ConfigurationError(
                "collection_id must be provided in api mode: in the settings, or in the context's data"
            )
        return StacApiSource(config, collection_id, summary)
    check_path(config)
    path = Path(config.source)
    kind = config.source_type if config.source_type != "auto" else _kind(path)
    if kind == "collection":
        return _collection(path, config, summary)
    if kind == "items_directory":
        return _directory(path, config, summary)
    return _file(path, config, summary)


def _kind(path: Path) -> str:
    if path.name == "collection.json" or (path / "collection.json").is_file():
        return "collection"
    return "items_directory" if path.is_dir() else "file"


def _collection(path: Path, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    document = path / "collection.json" if path.is_dir() else path
    items = document.parent / "items"
    if items.is_dir():
        return _directory(items, config, summary)
    from stac_ingest.sources.json_file import JsonFileSource, has_features  # noqa: PLC0415 - only this kind needs it

    if not document.is_file() or not has_features(document, config):
        raise ConfigurationError(f"No items/ directory found and no inline features in {document}")
    return JsonFileSource(document, config, summary)


def _directory(path: Path, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    if not path.is_dir():
        raise ConfigurationError(f"source_type='items_directory' specified but {path} is not a directory")
    tables = sorted(found for found in path.iterdir() if found.suffix in PARQUET_SUFFIXES)
    if config.format == "parquet" or (config.format is None and tables and not any(path.glob("*.json"))):
        if not tables:
            raise DataProcessingError(f"No Parquet files found in {path}")
        return _parquet(tables, config, summary)
    from stac_ingest.sources.json_directory import JsonDirectorySource  # noqa: PLC0415 - only this kind needs it

    return JsonDirectorySource(path, config, summary)


def _file(path: Path, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    kind = config.format or ("parquet" if path.suffix in PARQUET_SUFFIXES else "json")
    if kind == "parquet":
        return _parquet([path], config, summary)
    from stac_ingest.sources.json_file import JsonFileSource  # noqa: PLC0415 - only this kind needs it

    return JsonFileSource(path, config, summary)


def _parquet(paths: list[Path], config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    from stac_ingest.sources.geoparquet import GeoParquetSource  # noqa: PLC0415 - loads Arrow and DuckDB

    return GeoParquetSource(paths, config, summary)
