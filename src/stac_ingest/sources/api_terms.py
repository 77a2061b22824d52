"""Settings as the terms of a search that an API is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stac_ingest.api.search_terms import FilterTerm
from stac_ingest.filters.fields import sent_fields

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.filters.wanted import Wanted


def terms_of(config: IngestConfig, wanted: Wanted) -> dict[str, Any]:
    """List what is asked for beside collections and time, as the body of a POST has it.

    Args:
        config: the settings.
        wanted: the same, as it is looked for here.

    """
    expression = wanted.expression
    terms = {
        "bbox": config.bbox,
        "ids": config.ids,
        "intersects": config.intersects,
        "query": config.query,
        "filter": None if expression is None else FilterTerm(expression.json, expression.text),
        "sortby": config.sortby,
        "fields": _fields_term(wanted, config.query),
    }
    return {name: value for name, value in terms.items() if value is not None}


def _fields_term(wanted: Wanted, query: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    """Return the fields to ask for, with what is looked at here; None for all that there are."""
    if wanted.fields is None:
        return None
    names: list[str] = [name.removeprefix("properties.") for name in query or {}]
    if wanted.expression is not None:
        if wanted.expression.names is None:
            return None
        names += wanted.expression.names
    members = {"id", "collection", "geometry", "bbox"}
    needed = [name if name in members else f"properties.{name}" for name in sorted({*names})]
    if wanted.box is not None or wanted.area is not None:
        needed.append("bbox")
    return sent_fields(wanted.fields, needed) or None
