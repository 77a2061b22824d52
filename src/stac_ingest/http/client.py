"""One request over HTTP: bounded in size and time, and counted."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import getproxies

import orjson

from stac_ingest.errors import ResponseError, ResponseTooLarge
from stac_ingest.http.urls import display, origin

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

    from stac_ingest.config import IngestConfig
    from stac_ingest.http.credentials import Credentials
    from stac_ingest.http.request import Request
    from stac_ingest.summary import IngestSummary

_READ_BUFFER = 2**20
"""A page fits: with the 64 KiB that aiohttp has, the transport is stopped and started several times for each."""


def _reason(error: OSError) -> str:
    """Return why a connection failed. Asyncio puts the address in the place of the system's own words."""
    number = error.errno
    return os.strerror(number) if number is not None and number in errno.errorcode else str(error)


class Response(NamedTuple):
    """An HTTP response, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    sent: Request | None = None
    """The request that was answered, where it isn't the one that was to be sent."""


class Client:
    """An HTTP session for one API. It neither retries nor follows redirects."""

    def __init__(
        self, config: IngestConfig, summary: IngestSummary, root: str, credentials: Credentials, *, unpack: bool = True
    ) -> None:
        """Keep the settings. Without `unpack` a body stays as it was sent, whatever its Content-Encoding."""
        self._config = config
        self._unpack = unpack
        self._summary = summary
        self._root = root
        self._credentials = credentials
        self._max_bytes = config.max_response_mib * 2**20
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Start the session."""
        import aiohttp  # noqa: PLC0415 - file mode must not pay for it

        from stac_ingest.http.resolver import GuardedResolver  # noqa: PLC0415 - imports aiohttp

        resolver = GuardedResolver(aiohttp.DefaultResolver(), origin(self._root)[1])
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._config.timeout),
            connector=aiohttp.TCPConnector(limit=0, resolver=resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/geo+json, application/json", "User-Agent": "stac-ingest"},
            read_bufsize=_READ_BUFFER,
            auto_decompress=self._unpack,
            trust_env=bool(getproxies()),
        )
        # It sends a GET again by itself when a kept connection turns out to be closed: a try that would not be counted.
        self._session._retry_connection = False  # noqa: SLF001 - there is no public setting

    async def close(self) -> None:
        """End the session. Closing twice is fine."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request) -> Response:
        """Send a request and read the whole response.

        Raises:
            ResponseTooLarge: more than `max_response_mib`, also once decompressed.
            ResponseError: with status None: no answer, or not all of it, within `timeout` seconds.

        """
        import aiohttp  # noqa: PLC0415 - see open()
        from yarl import URL  # noqa: PLC0415 - comes with aiohttp

        if self._session is None:
            raise RuntimeError("the client is not open")
        shown = display(request.url)
        try:
            async with self._session.request(
                request.method,
                URL(self._credentials.url(request.url), encoded=True),
                data=None if request.body is None else orjson.dumps(request.body),
                headers=self._headers(request),
                allow_redirects=False,
            ) as response:
                body = await self._read(response, shown)
                return Response(response.status, self._shown(response.headers), self._masked(body), request.url)
        except TimeoutError:
            message = f"{request.method} {shown}: no whole response within {self._config.timeout:g} s"
            raise ResponseError(message, url=shown) from None
        except aiohttp.ClientConnectorDNSError as error:
            message = f"{request.method} {shown}: no address was found for {error.host}; is the name right?"
            raise ResponseError(message, url=shown) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if type(error) is aiohttp.ClientConnectorError:
                message = f"{request.method} {shown}: can't connect ({_reason(error.os_error)}); is the server running?"
                raise ResponseError(message, url=shown) from error
            # What breaks the protocol is quoted, and may be anything that the server was sent.
            quoted = str(error).encode("utf-8", "surrogateescape")
            masked = self._masked(quoted)
            text = masked.decode("utf-8", "replace")
            message = f"{request.method} {shown}: {type(error).__name__}: {text:.500}"
            raise ResponseError(message, url=shown) from (error if masked is quoted else None)

    def _headers(self, request: Request) -> dict[str, str]:
        headers = self._credentials.headers(request.url, request.headers)
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _masked(self, text: bytes) -> bytes:
        masked = self._credentials.masked(text)
        if masked is not text:
            self._summary.note("the server repeats credentials that it was sent; they were masked (***)")
        return masked

    def _shown(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Mask what may be shown of the headers: where a redirect leads."""
        location = headers.get("Location", "")
        masked = self._masked(location.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
        return headers if masked == location else {**headers, "Location": masked}

    async def _read(self, response: ClientResponse, shown: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := await response.content.readany():
            size += len(part)
            self._summary.bytes_read += len(part)
            if size > self._max_bytes:
                response.close()
                message = f"{shown} answers with more than {self._config.max_response_mib} MiB (max_response_mib)"
                raise ResponseTooLarge(message, url=shown, status=response.status)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
