"""The documents of a catalog on a web server: each is a request of the run's limiter, budget and retries."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from stac_ingest.errors import BudgetExhausted, DataProcessingError, ResponseError, RetryAfterTooLong
from stac_ingest.http.client import Client
from stac_ingest.http.clock import Clock
from stac_ingest.http.credentials import read_credentials
from stac_ingest.http.request import Request
from stac_ingest.http.retries import OK, RetryingClient
from stac_ingest.http.urls import display, resolve, split_parameters
from stac_ingest.http.validators import conditions, confirms, is_settled, is_time, made_at, version_of
from stac_ingest.sources.catalog.readers import Document

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

_ENDS_ALL = (BudgetExhausted, RetryAfterTooLong)
_SAME = 304
_ALWAYS, _IF_CHANGED = frozenset({OK}), frozenset({OK, _SAME})
_UNNAMED = "the server answers 304 without Last-Modified, also for older documents, so those without an ETag are read"
_BEHIND = "\n"
"""What comes between a version and where redirects have led to; no header has it."""


class WebReader:
    """Reads documents over HTTP, one a request.

    Links may lead to other servers, as `http.urls.resolve` allows: not from https to http, and not between the internet
    and a private network or this machine. Credentials go to the origin of the catalog's own URL alone.
    """

    together = 1

    def __init__(self, root: str, config: IngestConfig, summary: IngestSummary, *, clock: Clock | None = None) -> None:
        """Read the credentials.

        Raises:
            ConfigurationError: they can't be used.

        """
        self.root, credentials = read_credentials(config.replace(source=root))
        self._session = Client(config, summary, self.root, credentials)
        self._client = RetryingClient(config, summary, self._session, clock or Clock())
        self._summary = summary
        self._names_times = True
        """Whether the server, as far as is known, names the time of what it says hasn't changed."""

    async def open(self) -> None:
        """Start the session."""
        await self._session.open()

    async def read(self, urls: Sequence[str], known: Mapping[str, str] | None = None) -> Sequence[Document]:
        """Request the first of these documents, by its version where that is known.

        Raises:
            DataProcessingError: the budget is spent, or the server wants a pause beyond `retry_seconds`.

        """
        url, now = urls[0], time.time()
        known_as = "" if known is None else known.get(url, "")
        version = known_as.partition(_BEHIND)[0]
        if is_time(version) and not self._names_times:
            version = ""
        headers, accepted = (conditions(version), _IF_CHANGED) if version else ({}, _ALWAYS)
        try:
            # Stores of objects answer 403 for a key that isn't there, so it costs this document alone.
            response = await self._client.send(Request("GET", url, headers), stops_at_403=False, accepted=accepted)
        except _ENDS_ALL:
            raise
        except DataProcessingError as error:
            return [Document(b"", url, error)]
        behind = _behind(url, response.url)
        if response.status == _SAME:
            if version + behind == known_as and confirms(response.headers, version):
                return [Document(b"", url, version=known_as, is_same=True)]
            if is_time(version) and "Last-Modified" not in response.headers:
                self._names_times = False
                self._summary.note(_UNNAMED)
            return await self.read([url], {})
        came = version_of(response.headers)
        version = came + behind if is_settled(came, made_at(response.headers, now)) else ""
        return [Document(response.body, response.url, version=version)]

    def resolve(self, href: str, base: str) -> str:
        """Give the URL that a link leads to, without its fragment.

        Raises:
            DataProcessingError: it leads where none may go.

        """
        try:
            return urldefrag(resolve(href, base)).url
        except ValueError:
            raise ResponseError(f"link {href!r:.200} is not a URL", url=display(base)) from None

    def name(self, url: str) -> str:
        """Return a URL without secrets."""
        return display(url)

    async def close(self) -> None:
        """End the session, and note how many requests at once were found best."""
        await self._session.close()
        if (description := self._client.describe()) is not None:
            self._summary.note(description)


def _behind(asked: str, url: str) -> str:
    """Return what tells where redirects have led to: a version is of one document, and says nothing of another."""
    if url == asked:
        return ""
    place, _ = split_parameters(url)  # which may be a signature, another one each time
    return _BEHIND + blake2b(place.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
