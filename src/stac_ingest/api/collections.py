"""Which collection an API has, where the user names none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stac_ingest.api.pages import parse_object
from stac_ingest.core.text import printable
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.http.request import Request

if TYPE_CHECKING:
    from stac_ingest.http.retries import RetryingClient

_SHOWN = 20
_LENGTH = 100
_MISSING = "collection_id must be provided in api mode: in the settings, or as data['collection_id'] of the context"


async def only_collection(root: str, client: RetryingClient) -> str:
    """Return the id of the collection of an API that has one.

    Raises:
        ConfigurationError: it has several, some of which are named, or doesn't say.

    """
    try:
        response = await client.send(Request("GET", f"{root.rstrip('/')}/collections"))
        listed = parse_object(response.body, response.url)
    except DataProcessingError as error:
        raise ConfigurationError(f"{_MISSING}; the API doesn't list its collections: {error}") from None
    ids = _ids(listed)
    if len(ids) == 1 and not _has_next(listed):
        return ids[0]
    named = ", ".join(printable(one)[:_LENGTH] for one in ids[:_SHOWN])
    more = ", and more" if len(ids) > _SHOWN or _has_next(listed) else ""
    raise ConfigurationError(f"{_MISSING}; the API has {f'these: {named}{more}' if ids else 'none that it lists'}")


def _ids(listed: dict[str, Any]) -> list[str]:
    collections = listed.get("collections")
    if not isinstance(collections, list):
        return []
    found = (one.get("id") for one in collections if isinstance(one, dict))
    return [one for one in found if isinstance(one, str) and one]


def _has_next(listed: dict[str, Any]) -> bool:
    links = listed.get("links")
    return isinstance(links, list) and any(isinstance(link, dict) and link.get("rel") == "next" for link in links)
