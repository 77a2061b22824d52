"""Settings from a YAML file: of one run, or a section for each kind of source."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from stac_ingest.errors import ConfigurationError
from stac_ingest.sources import PARQUET_SUFFIXES

SECTIONS = ("json_files", "geoparquet", "api")


def settings_from(path: Path, source: str | None) -> dict[str, Any]:
    """Read the settings of a file; where it has sections, those of the section that fits the source.

    Raises:
        ConfigurationError: the file can't be read, isn't YAML, or has no section for the source.

    """
    found = _mapping(path)
    if not found or not set(found) <= set(SECTIONS):
        return found
    if source is None:
        raise ConfigurationError(f"SOURCE is missing: {path} has a section for each kind of source")
    section = section_of(source)
    if section not in found:
        raise ConfigurationError(f"{path} has no section {section}, which {source} needs; it has {', '.join(found)}")
    if not isinstance(found[section], dict):
        raise ConfigurationError(f"{path}: {section} must hold settings by name")
    return dict(found[section])


def section_of(source: str) -> str:
    """Name the section that fits a source: a URL is an API, and Parquet files are told by their suffix."""
    if is_url(source):
        return "api"
    path = Path(source)
    parquet = path.suffix in PARQUET_SUFFIXES if not path.is_dir() else _only_parquet(path)
    return "geoparquet" if parquet else "json_files"


def is_url(source: str) -> bool:
    """Say whether a source is an API rather than a path."""
    return source.lower().startswith(("http://", "https://"))


def _only_parquet(folder: Path) -> bool:
    """Look for a JSON file, or else a Parquet file; no further than the first JSON file of maybe millions."""
    parquet = False
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json"):
                return False
            parquet = parquet or entry.name.endswith(PARQUET_SUFFIXES)
    return parquet


def _mapping(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - most runs have no settings file

    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"File not found or not readable: {path} ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise ConfigurationError(f"{path} must hold settings by name")
    return settings
