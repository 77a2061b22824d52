"""Settings as what is wanted: the filters of a search, for files and for what a server sends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from stac_ingest.filters.item_filter import ItemFilter
    from stac_ingest.filters.wanted import Expression, Wanted

__all__ = ["filter_of", "wanted_of"]


def filter_of(config: IngestConfig) -> ItemFilter | None:
    """Make the filter of a run; None where it wants every item, or a server filters for it.

    Raises:
        ConfigurationError: a setting can't be used.

    """
    terms = (config.bbox, config.intersects, config.datetime, config.ids, config.query, config.filter, config.fields)
    if not config.wanted_collections() and not any(terms):
        return None
    # Most runs want every item, and need none of it.
    from stac_ingest.filters.item_filter import ItemFilter  # noqa: PLC0415
    from stac_ingest.filters.wanted import Wanted  # noqa: PLC0415

    wanted = wanted_of(config, config.wanted_collections())
    if not config.filters_here:
        # These are the database's job, but for several collections.
        several = wanted.collections if config.collections is not None else None
        wanted = replace(wanted, box=None, interval=None, collections=several)
    return None if config.mode == "api" or wanted == Wanted() else ItemFilter(wanted)


def wanted_of(config: IngestConfig, collections: Collection[str]) -> Wanted:
    """Read what is asked for.

    Args:
        config: the settings.
        collections: of which items are wanted; none where all are.

    Raises:
        ConfigurationError: a setting can't be used.

    """
    from stac_ingest.filters.boxes import requested_box  # noqa: PLC0415 - as above
    from stac_ingest.filters.query import conditions_of  # noqa: PLC0415
    from stac_ingest.filters.times import requested_interval  # noqa: PLC0415
    from stac_ingest.filters.wanted import Wanted  # noqa: PLC0415

    try:
        box = None if config.bbox is None else requested_box(config.bbox)
    except ValueError as error:
        raise ConfigurationError(f"bbox: {error}") from None
    return Wanted(
        box=box,
        area=config.intersects,
        interval=requested_interval(config.datetime),
        collections=frozenset(collections) or None,
        ids=None if config.ids is None else frozenset(config.ids),
        conditions=tuple(conditions_of(config.query or {})),
        expression=None if config.filter is None else _expression(config),
        fields=config.fields,
    )


def _expression(config: IngestConfig) -> Expression:
    from stac_ingest.cql2 import expression_of  # noqa: PLC0415 - few runs have one

    assert config.filter is not None
    # A server may know more than anything here does.
    return expression_of("filter", config.filter, here=config.mode != "api")
