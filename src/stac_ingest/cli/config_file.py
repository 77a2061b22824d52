"""Settings from a YAML file: of one run, or a section for each kind of source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stac_ingest.errors import ConfigurationError
from stac_ingest.sources.kind import KINDS, kind_of


def settings_from(path: Path, source: str | None) -> dict[str, Any]:
    """Read the settings of a file; where it has sections, those of the section that fits the source.

    Raises:
        ConfigurationError: the file can't be read, isn't YAML, or has no section for the source.

    """
    settings = _mapping(path)
    if not settings or not set(settings) <= set(KINDS):
        return settings
    if source is None:
        raise ConfigurationError(f"SOURCE is missing: {path} has a section for each kind of source")
    section = kind_of(source).name
    if section not in settings:
        raise ConfigurationError(f"{path} has no section {section}, which {source} needs; it has {', '.join(settings)}")
    return dict(by_name(settings[section], f"{path}: {section}"))


def by_name(found: Any, what: str) -> dict[str, Any]:
    """Return settings as they are, if they have names.

    Args:
        found: what a file has in their place.
        what: that place, for the message.

    Raises:
        ConfigurationError: they have none.

    """
    if not isinstance(found, dict):
        raise ConfigurationError(f"{what} must hold settings by name")
    return found


def _mapping(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - most runs have no settings file

    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"File not found or not readable: {path} ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    return by_name(settings, str(path))
