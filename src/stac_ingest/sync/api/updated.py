"""How an API can be searched by `updated`, if at all: what it declares, and what it is seen to do.

Servers ignore what they don't know, and declare what they don't do. So a way to search is taken only where the items
since some instant, and those before it, are together all there are; or, of a server that doesn't count, where a search
for the far future finds nothing and one for all times finds an item that has the property. Items sorted by `updated`
do as well, where the order turns round with what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stac_ingest.api.intervals import format_instant, parse_instant
from stac_ingest.api.search_terms import FilterTerm
from stac_ingest.config import IngestConfig
from stac_ingest.errors import BudgetExhausted, RateLimited, ResponseError
from stac_ingest.sources.wanted import wanted_of
from stac_ingest.sync.api.session import ApiSession

Way = str
"""The term of a search by which `updated` is asked for: `filter`, `query` or `sortby`."""
SORTED: Way = "sortby"
_WAYS: tuple[Way, ...] = ("filter", "query", SORTED)
_PROPERTY = "updated"
_FIRST, _LAST = "1900-01-01T00:00:00Z", "9990-01-01T00:00:00Z"
_OPERATORS = {"filter": {"since": ">=", "before": "<"}, "query": {"since": "gte", "before": "lt"}}


def settings_since(config: IngestConfig, way: Way, since: int) -> dict[str, Any]:
    """Return the settings that limit an ingest to the items that were updated since an instant."""
    return _settings(config, way, "since", format_instant(since))


def terms_since(session: ApiSession, config: IngestConfig, way: Way, since: int) -> dict[str, Any]:
    """Return the terms of a search for the items that were updated since an instant."""
    return _terms(session, config, way, "since", format_instant(since))


async def way_to_search(session: ApiSession, config: IngestConfig, since: int, total: int | None) -> Way | None:
    """Find a way to search by `updated` that the server is seen to heed; None where there is none.

    Args:
        session: the API.
        config: the settings of the ingest.
        since: the instant that matters, in microseconds since 1970.
        total: items that the server counts without it; None where it doesn't count.

    Raises:
        DataProcessingError: the server doesn't answer any more.

    """
    for way in _WAYS:
        if way not in session.api.declared.terms or session.api.search.form.own:
            continue

        def terms(which: str, text: str, way: Way = way) -> dict[str, Any]:
            return _terms(session, config, way, which, text)

        try:
            if await (_sorts(session) if way == SORTED else _is_heeded(session, terms, format_instant(since), total)):
                return way
        except (RateLimited, BudgetExhausted):
            raise
        except ResponseError as error:
            session.summary.note(f"the server refuses a search by `updated` through `{way}` (status {error.status})")
            continue
        session.summary.note(f"the server takes a search by `updated` through `{way}`, and ignores it")
    return None


async def _is_heeded(
    session: ApiSession, terms: Callable[[str, str], dict[str, Any]], since: str, total: int | None
) -> bool:
    if total is not None:
        after = await session.count(session.requested, terms("since", since))
        before = await session.count(session.requested, terms("before", since))
        if after is not None and before is not None and total > 0 and after + before == total:
            return True
    if await session.first(terms("since", _LAST), 1):
        return False
    found = await session.first(terms("since", _FIRST), 1)
    properties = [one.get("properties") for one in found]
    return any(isinstance(one, dict) and parse_instant(one.get(_PROPERTY)) is not None for one in properties)


def newest_first() -> dict[str, Any]:
    """Return the term of a search whose items come in the order of their updates, the last one first."""
    return _order("desc")


async def _sorts(session: ApiSession) -> bool:
    """Say whether the item that was updated first comes before the one that was last, and after it the other way.

    One way alone would not tell: items often lie so without being sorted.
    """
    ends = []
    for direction in ("asc", "desc"):
        found = await session.first(_order(direction), 1)
        properties = found[0].get("properties") if found else None
        ends.append(parse_instant(properties.get(_PROPERTY)) if isinstance(properties, dict) else None)
    oldest, newest = ends
    return oldest is not None and newest is not None and oldest < newest and len(session.api.parts) == 1


def _order(direction: str) -> dict[str, Any]:
    return {SORTED: [{"field": f"properties.{_PROPERTY}", "direction": direction}]}


def _settings(config: IngestConfig, way: Way, which: str, text: str) -> dict[str, Any]:
    operator = _OPERATORS[way][which]
    if way == "query":
        query = dict(config.query or {})
        return {"query": {**query, _PROPERTY: {**query.get(_PROPERTY, {}), operator: text}}}
    condition = {"op": operator, "args": [{"property": _PROPERTY}, {"timestamp": text}]}
    own = wanted_of(config, ()).expression
    return {"filter": condition if own is None else {"op": "and", "args": [own.json, condition]}}


def _terms(session: ApiSession, config: IngestConfig, way: Way, which: str, text: str) -> dict[str, Any]:
    settings = _settings(config, way, which, text)
    if way == "query":
        return settings
    expression = wanted_of(config.replace(**settings), ()).expression
    assert expression is not None
    return {"filter": FilterTerm(expression.json, expression.text, session.api.declared.languages)}
