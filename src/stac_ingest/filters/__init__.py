"""Which items of files are wanted: the filters of a STAC API's search, for sources that have no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.filters.item_filter import ItemFilter

__all__ = ["filter_of"]


def filter_of(config: IngestConfig) -> ItemFilter | None:
    """Make the filter of a run; None where it wants every item, or a server filters for it.

    Raises:
        ConfigurationError: a setting can't be used.

    """
    if not any((config.bbox, config.datetime, config.collection_id, config.query)):
        return None
    # Most runs want every item, and need none of it.
    from stac_ingest.filters.boxes import requested_box  # noqa: PLC0415
    from stac_ingest.filters.item_filter import ItemFilter  # noqa: PLC0415
    from stac_ingest.filters.query import conditions_of  # noqa: PLC0415
    from stac_ingest.filters.times import requested_interval  # noqa: PLC0415

    try:
        box = None if config.bbox is None else requested_box(config.bbox)
    except ValueError as error:
        raise ConfigurationError(f"bbox: {error}") from None
    interval = requested_interval(config.datetime)
    if config.mode == "api":
        return None
    conditions = conditions_of(config.query or {})
    if not config.filters_here:
        return ItemFilter(None, None, None, conditions) if conditions else None
    if box is None and interval is None and config.collection_id is None and not conditions:
        return None
    return ItemFilter(box, interval, config.collection_id, conditions)
