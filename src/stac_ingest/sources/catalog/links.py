"""The links of a catalog's document: which are followed, and where they lead."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

MAX_CHARACTERS = 8192
"""Of an href; servers and file systems take less."""
_WEB = ("http://", "https://")
_STATIC = (".json", ".geojson")
_NO_SITE = ("", "")
_OF_APIS = frozenset({"search", "data", "items"})


class Link(NamedTuple):
    """A link that leads to items, or towards them."""

    rel: str
    """`child`, `item` or `items`."""
    href: str


class Links:
    """The links of one document.

    Attributes:
        is_page: whether it has a link to a next page.
        leads_nowhere: whether it has links to items that only an API answers, and no others.

    """

    def __init__(self, document: dict[str, Any]) -> None:
        found = document.get("links")
        self._links = found if isinstance(found, list) else []
        self._own = self._published()
        rels = {rel for link in self._links if isinstance(link, dict) and isinstance(rel := link.get("rel"), str)}
        self.is_page = "next" in rels
        self.leads_nowhere = bool(rels & _OF_APIS) and not rels & {"child", "item"} and not self._has_document

    def wanted(self) -> Iterator[Link]:
        """Yield those that are to be followed, or to be named as not followed. An href may be no text."""
        for link in self._links:
            if isinstance(link, dict) and (rel := link.get("rel")) in ("child", "item", "items"):
                yield Link(rel, link.get("href"))  # type: ignore[arg-type] # looked at by who follows it

    def here(self, href: str, base: str) -> str:
        """Return an href as it leads from where the document was read, be that the place it was published at or not.

        A catalog with absolute links names the place of its publication in `self`. Read from a copy, its links lead to
        the copies beside it.

        Args:
            href: of a link of the document.
            base: the URL that it was read from.

        """
        own = self._own
        if own is None or not _is_absolute(href) or (_is_web(base) and href[:1] == "/"):
            return href
        if _site(href) != _site(own) or _site(href) == _site(base) != _NO_SITE:
            return href
        return f"./{posixpath.relpath(_path(href), posixpath.dirname(_path(own)) or '/')}"

    @property
    def _has_document(self) -> bool:
        return any(link.rel == "items" and is_static(str(link.href)) for link in self.wanted())

    def _published(self) -> str | None:
        for link in self._links:
            if isinstance(link, dict) and link.get("rel") == "self":
                href = link.get("href")
                return href if isinstance(href, str) and _is_absolute(href) else None
        return None


def is_static(href: str) -> bool:
    """Whether an `items` link leads to a document, and not to an API, as far as its text tells."""
    return "?" not in href and href.lower().endswith(_STATIC)


def _is_web(url: str) -> bool:
    return url.lower().startswith(_WEB)


def _is_absolute(href: str) -> bool:
    return href[:1] == "/" or "://" in href[:16]


def _site(url: str) -> tuple[str, str]:
    """Return scheme and host of a URL; of a path `_NO_SITE`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc.lower()


def _path(url: str) -> str:
    return urlsplit(url).path or "/"
