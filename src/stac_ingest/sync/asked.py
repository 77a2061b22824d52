"""Which items of which source an output holds: what may not change from one run to the next."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError
from stac_ingest.http.urls import display
from stac_ingest.sources.kind import LIST, is_several, named_kind, parts_of
from stac_ingest.sync.manifest import SyncManifest
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.transforms import TransformSettings

_ASKED = (
    *("collection_id", "collections", "ids", "bbox", "intersects", "datetime", "query", "filter", "fields"),
    *("hrefs", "format", "source_type", "iceberg_catalog"),
)
"""Settings that say which items are read, and of what content."""
_MAY_BE_SECRET = frozenset({"iceberg_catalog"})
_LONG = 2000
"""Characters of a value that is kept by its digest, such as a list of thousands of ids."""
_OF_TRANSFORMS = "transforms"


def source_of(config: IngestConfig) -> str:
    """Return what the source is called in the manifest: a path is absolute, and a URL without what may be secret."""
    source = config.source
    if config.is_remote:
        return display(source, source=True)
    if is_several(source):
        return "\n".join(map(_absolute, parts_of(source)))
    return source if named_kind(source) is not None else _absolute(source)


def _absolute(path: str) -> str:
    if path.lower().startswith("file:"):
        return path
    mark = LIST if path.startswith(LIST) else ""
    return mark + os.path.abspath(path.removeprefix(mark))  # noqa: PTH100 - links stay


def asked_of(settings: SyncSettings) -> dict[str, Any]:
    """Return which items of the source are asked for, as JSON has it; what isn't asked isn't named."""
    config = settings.config
    asked = {name: getattr(config, name) for name in _ASKED if config.is_given(name)}
    made = {name: _kept(name, value) for name, value in asked.items() if value is not None}
    if settings.transforms is not None:
        made[_OF_TRANSFORMS] = TransformSettings.parse(settings.transforms).mark
    return made


def _kept(name: str, value: Any) -> Any:
    """Return a value as it is kept: long ones, and those that may hold what is secret, by a digest."""
    text = json.dumps(value, sort_keys=True)
    if name in _MAY_BE_SECRET or len(text) > _LONG:
        return {"digest": blake2b(text.encode(), digest_size=16).hexdigest()}
    return json.loads(text)


def check_same(settings: SyncSettings, manifest: SyncManifest) -> None:
    """Refuse settings with which the output would hold other items than the earlier runs were asked for.

    Raises:
        ConfigurationError: naming the first setting that differs.

    """
    for name, before, now in _compared(settings, manifest):
        if before != now:
            values = (
                "it had other transforms (--where, --rename-property, --drop-property, --set-property)"
                if name == _OF_TRANSFORMS
                else f"it was {_shown(before)} and is {_shown(now)} now"
            )
            raise ConfigurationError(
                f"{name}: {settings.output} is kept in step with other items: {values}; give the same as before, or "
                "another folder by --output"
            )


def _compared(settings: SyncSettings, manifest: SyncManifest) -> Iterator[tuple[str, Any, Any]]:
    yield "source", manifest.source, source_of(settings.config)
    yield "partition", manifest.partition, settings.partition
    asked = asked_of(settings)
    for name in sorted(manifest.asked.keys() | asked.keys()):
        yield name, manifest.asked.get(name), asked.get(name)


def _shown(value: Any) -> str:
    return "not given" if value is None else f"{json.dumps(value):.200}"
