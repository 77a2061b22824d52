"""Relative hrefs made absolute, by the setting `hrefs: absolute`. Without it nothing here is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from stac_ingest.core.file_urls import file_url
from stac_ingest.core.model import Batch, Item, Payload, Reject
from stac_ingest.core.source import Source
from stac_ingest.sources.combined import one_of
from stac_ingest.sources.kind import KINDS, is_url, kind_name

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/vsi")
"""How hrefs begin that are left alone: with a scheme, with a host, or with one of GDAL's file systems."""
_STORE = "://"
_HOST = "http://host"

Decode = Callable[[Batch, Reject], Iterator[Item]]


def absolute_items(source: Source[Any], place: str) -> Decode:
    """Return the `decode` of a source whose items then have absolute hrefs.

    Args:
        source: of the items.
        place: the folder that the names of its files are relative to, as a path or the URL of a prefix in a bucket; or
            the URL of an API.

    """
    on_web = is_url(place)

    def decode(batch: Batch, reject: Reject) -> Iterator[Item]:
        for payload in batch:
            # A page is called by its URL, and a file of a web server by its name below `place`.
            of_api = on_web and _STORE in payload.origin
            base = without_query(payload.origin) if of_api else _base_of(payload, place)
            items = source.decode(one_of(batch, payload), reject)
            if of_api:
                yield from (make_absolute(item, _self_of(item) or base) for item in items)
            else:
                yield from _of_file(items, base, alone=kind_name(payload.origin.lower()) == next(iter(KINDS)))

    return decode


def _of_file(items: Iterator[Item], base: str, *, alone: bool) -> Iterator[Item]:
    """Make hrefs absolute; the one item of a JSON file gets a `self` link too, where it has none."""
    first = next(items, None)
    if first is None:
        return
    second = next(items, None)
    yield make_absolute(first, base, name_it=alone and second is None)
    if second is not None:
        yield make_absolute(second, base)
    for item in items:
        yield make_absolute(item, base)


def make_absolute(item: Item, base: str, *, name_it: bool = False) -> Item:
    """Make the relative hrefs of an item's links and assets absolute, in place.

    Args:
        item: to change.
        base: the URL of what it was read from.
        name_it: whether to add a `self` link of this URL where there is none.

    Returns:
        The item.

    """
    links, assets = item.get("links"), item.get("assets")
    if name_it and not any(isinstance(link, dict) and link.get("rel") == "self" for link in links or ()):
        item["links"] = links = [*(links or ()), {"rel": "self", "href": base, "type": "application/geo+json"}]
    for holder in (*(links or ()), *(assets.values() if isinstance(assets, dict) else ())):
        if isinstance(holder, dict) and isinstance(href := holder.get("href"), str) and href:
            holder["href"] = absolute(href, base)
    return item


def absolute(href: str, base: str) -> str:
    """Return a relative href as an absolute one. Any other comes back as it is."""
    if _ABSOLUTE.match(href):
        return href
    # `urljoin` knows few schemes, and would leave relative what lies in a bucket.
    scheme, _, rest = base.partition(_STORE)
    host, slash, path = rest.partition("/")
    joined = urljoin(f"{_HOST}{slash}{path}", href)
    return f"{scheme}{_STORE}{host}{joined.removeprefix(_HOST)}"


def without_query(url: str) -> str:
    """Return a URL without credentials, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _base_of(payload: Payload, place: str) -> str:
    if _STORE in payload.origin:
        return without_query(payload.origin)
    if _STORE in place:
        return f"{place.rstrip('/')}/{quote(payload.origin)}"
    return file_url(Path(place, payload.origin).absolute())


def _self_of(item: Item) -> str | None:
    for link in item.get("links") or ():
        if isinstance(link, dict) and link.get("rel") == "self":
            href = link.get("href")
            return without_query(href) if isinstance(href, str) and is_url(href) else None
    return None
