"""One file of a web server, read in ranges by this package's own client.

Redirects, credentials, retries and budgets are those of an API (`http/`), which obstore's client has none of.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, TypeVar

from stac_ingest.errors import DataProcessingError, ItemError, ResponseError
from stac_ingest.http.client import Client, Response
from stac_ingest.http.clock import Clock
from stac_ingest.http.credentials import read_credentials
from stac_ingest.http.request import Request
from stac_ingest.http.retries import OK, RetryingClient
from stac_ingest.http.validators import version_of
from stac_ingest.stores.objects import Refuse, StoredObject, changed, checked
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig

_T = TypeVar("_T")

_PARTIAL, _CHANGED, _NO_RANGE = 206, 412, 416
_ACCEPTED = frozenset({OK, _PARTIAL})
_OF_RANGE = re.compile(r"bytes \d+-\d+/(\d+)")


class WebFile:
    """A file on a web server, as a store of one object.

    Its client has an event loop of its own, in a thread, so that any thread can wait for a range.
    """

    def __init__(self, config: IngestConfig, summary: IngestSummary) -> None:
        """Read the settings; nothing is sent yet.

        Args:
            config: of the run; `source` is the URL of the file.
            summary: takes the number of requests.

        Raises:
            ConfigurationError: credentials can't be used.

        """
        root, credentials = read_credentials(config)
        # The query, which may sign the URL, is the credentials' business: it is sent, and not shown.
        self.url = self._address = root
        self._summary = summary
        self._own = IngestSummary()  # the loop's thread counts here, and nobody else
        self._session = Client(config, self._own, root, credentials, unpack=False)
        self._client = RetryingClient(config, self._own, self._session, Clock())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stac-ingest-web", daemon=True)
        self._whole: bytes | None = None
        self._lock = threading.Lock()

    def head(self, key: str) -> StoredObject:
        """Look at the file, by its first byte: a server may sign a URL for no other method than GET.

        Of a server that doesn't read ranges the file comes whole, up to `max_response_mib`, and is kept.
        """
        try:
            response = self._send({"Range": "bytes=0-0"})
        except ResponseError as error:
            if error.status == _NO_RANGE:  # not even of a first byte
                return StoredObject(key, 0, "")
            raise
        version = version_of(response.headers)
        if response.status == OK:
            self._whole = response.body
            if response.body:
                self._summary.note("the server sends no ranges of the file, so it was read whole into memory")
            return StoredObject(key, len(response.body), version)
        found = _OF_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None:
            raise DataProcessingError(f"{self.url}: the server sends a range without saying how long the file is")
        return StoredObject(key, int(found[1]), version)

    def read(self, of: StoredObject, start: int = 0, stop: int | None = None) -> bytes:
        """Read the file, or a range of it; see `Store`."""
        stop = of.size if stop is None else stop
        if self._whole is not None:
            return self._whole[start:stop]
        if start == stop:
            return b""
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        if of.version.startswith('"'):
            headers["If-Match"] = of.version
        try:
            response = self._send(headers)
        except ResponseError as error:
            if error.status in (_CHANGED, _NO_RANGE):
                raise changed(self.url) from None
            raise
        if response.status == OK and (start, stop) != (0, of.size):
            raise ItemError(f"{self.url}: the server sent the whole file, and was asked for a range")
        found = _OF_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is not None and int(found[1]) != of.size:
            raise changed(self.url)
        return checked(response.body, stop - start, (of.version, version_of(response.headers)), self.url)

    def listed(self, prefix: str, refuse: Refuse | None = None) -> Iterator[list[StoredObject]]:  # noqa: ARG002 - see `Store`
        """Raise: a web server lists nothing."""
        raise DataProcessingError(f"{self.url}/{prefix}: a web server doesn't list files; give the URL of one")

    def close(self) -> None:
        """End the session and the thread."""
        with self._lock:
            if self._thread.is_alive():
                self._call(self._session.close())
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
            if not self._loop.is_closed():
                self._loop.close()

    def _send(self, headers: dict[str, str]) -> Response:
        with self._lock:
            if not self._thread.is_alive():
                self._thread.start()
                self._call(self._session.open())
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", **headers}
        try:
            return self._call(self._client.send(Request("GET", self._address, headers), accepted=_ACCEPTED))
        finally:
            self._summary.requests, self._summary.retries = self._own.requests, self._own.retries

    def _call(self, work: Coroutine[None, None, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
