"""Whether the settings that are given mean something to the source that they are given for."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError
from stac_ingest.sources.kind import (
    KINDS,
    STDIN,
    catalog_document,
    database_kind,
    is_several,
    is_url,
    is_web_catalog,
)
from stac_ingest.sources.wanted import filter_of

_OF_FILES = ("source_type", "format")
"""Settings that mean nothing to an API."""
_OF_STORES = ("retry", "retry_attempts", "retry_seconds", "timeout")
"""Settings of APIs that mean something to a store of objects, too."""


def check_settings(config: IngestConfig) -> None:
    """Check that the source can use every setting, and that the filters can be used.

    Raises:
        ConfigurationError: naming what it can't use.

    """
    is_api = config.mode == "api"
    others = set(_OF_FILES) if is_api else api_settings()
    if database_kind(config.source) is not None:
        others |= set(_OF_FILES)
    elif config.is_remote and not is_api:
        on_web = is_url(config.source) or is_web_catalog(config.source)
        others -= set(KINDS["catalog"].settings if on_web else _OF_STORES)
    unusable = [name for name in config.changed() if name in others]
    if unusable:
        kinds = ("files", "an API") if is_api else ("an API", "files")
        if database_kind(config.source) is not None:
            kinds = ("files or an API", "a database")
        raise ConfigurationError(
            f"{', '.join(unusable)}: for {kinds[0]} alone, and the source is {kinds[1]}; leave it out"
        )
    filter_of(config)


def check_output(source: str, output: str | PathLike[str]) -> None:
    """Check that what is written doesn't land in the folder that is read, where it would be taken for items.

    Args:
        source: a path.
        output: the folder to write to.

    Raises:
        ConfigurationError: it does.

    """
    if source == STDIN:
        return
    if is_several(source):
        from stac_ingest.sources.several import folders_of  # noqa: PLC0415 - most sources are one

        for one in folders_of(source):
            check_output(one, output)
        return
    # A catalog's documents are all below the one that is named, mostly.
    folder = Path(source) if catalog_document(source) is None else Path(source).parent
    if folder.is_dir() and Path(output).resolve().is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"output: {os.fspath(output)} is in the folder that is read, {source}; give a folder outside of it"
        )


def api_settings() -> set[str]:
    """Give the names of the settings that only APIs take."""
    return {name for kind in KINDS.values() if kind.prefixes for name in kind.settings}
