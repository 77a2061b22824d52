"""Credentials for a server: read from the environment or a file, sent to its origin alone, never shown."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from stac_ingest.errors import ConfigurationError
from stac_ingest.http.urls import (
    display,
    holds_credentials,
    network_scope,
    origin,
    split_credentials,
    split_parameters,
    with_parameters,
)

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig

TOKEN_VARIABLE = "STAC_INGEST_TOKEN"  # noqa: S105 - the name of a variable, not its value
MASK = b"***"
_LONG_ENOUGH = 8
"""Characters; a shorter secret is found in texts by chance, where masking it would spoil data."""
_MAX_FILE_CHARACTERS = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OWN = {"host", "content-length", "transfer-encoding", "connection", "content-type", "cookie", "upgrade", "te"}
"""The client's own business; neither a server's link nor a file of headers may set them."""


class Credentials:
    """Headers and parameters for one origin."""

    def __init__(self, root: str, headers: Mapping[str, str], parameters: Sequence[str] = ()) -> None:
        """Keep what goes to the origin of an API's root: headers, and parameters of the query as they are written."""
        self._origin = origin(root)
        self._headers = dict(headers)
        self._parameters = parameters
        words = {word for value in headers.values() for word in (value, *value.split()[1:], *_in_clear(value))}
        words |= {word for value in secrets_in(parameters) for word in (value, unquote_plus(value))}
        self._secrets = [word.encode() for word in sorted(words, key=len, reverse=True) if len(word) >= _LONG_ENOUGH]

    def headers(self, url: str, given: Mapping[str, str]) -> dict[str, str]:
        """Give all headers of a request: those `given`, and where they belong to the URL, these."""
        if origin(url) != self._origin:
            return dict(given)
        names = {name.lower() for name in given}
        return {**{name: value for name, value in self._headers.items() if name.lower() not in names}, **given}

    def url(self, url: str) -> str:
        """Give the URL to send a request to: with the parameters, where it belongs to the origin."""
        return with_parameters(url, self._parameters) if self._parameters and origin(url) == self._origin else url

    def masked(self, text: bytes) -> bytes:
        """Take secrets out of what a server sent: some repeat what they were sent, and it would end up in a log."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text


def secrets_in(parameters: Sequence[str]) -> list[str]:
    """List the values of those parameters of a root's query that are credentials, as they are written."""
    pairs = (parameter.partition("=") for parameter in parameters)
    return [value for name, _, value in pairs if holds_credentials(f"?{name}={value}")]


def _in_clear(value: str) -> list[str]:
    """Give what a header of Basic authorization holds: `user:password` and the password."""
    scheme, _, coded = value.partition(" ")
    if scheme.lower() != "basic":
        return []
    try:
        pair = base64.b64decode(coded, validate=True).decode()
    except ValueError:
        return []
    return [pair, pair.partition(":")[2]]


def is_sendable(name: str, value: str) -> bool:
    """Whether a header is one by its form, and is not the client's own."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value)) and name.lower() not in _OWN


def read_credentials(config: IngestConfig) -> tuple[str, Credentials]:
    """Give the root of the API without credentials, and the credentials: of the URL, the environment, and the file.

    Raises:
        ConfigurationError: the file can't be used, or the credentials would cross a network in the clear.

    """
    root, authorization = split_credentials(config.source)
    root, parameters = split_parameters(root)
    headers = {} if authorization is None else {"Authorization": authorization}
    if token := os.environ.get(TOKEN_VARIABLE, "").strip():
        if not is_sendable("Authorization", token):
            raise ConfigurationError(f"{TOKEN_VARIABLE}: its value can't be sent in a header")
        headers["Authorization"] = f"Bearer {token}"
    if config.headers_file is not None:
        headers |= _from_file(Path(config.headers_file))
    scheme, host, _ = origin(root)
    secret = [*headers, *(one.partition("=")[0] for one in parameters if secrets_in([one]))]
    if secret and scheme == "http" and network_scope(host) != "this machine":
        raise ConfigurationError(
            f"source: {display(root)} is plain http, and credentials are set ({', '.join(secret)}): others on the "
            "network could read them; use https"
        )
    return root, Credentials(root, headers, parameters)


def _from_file(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_MAX_FILE_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"headers_file: {path} can't be read: {error}") from None
    if len(text) > _MAX_FILE_CHARACTERS:
        raise ConfigurationError(f"headers_file: {path} holds more than {_MAX_FILE_CHARACTERS} characters")
    headers = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not is_sendable(name.strip(), value.strip()):
            # The line itself may be the secret.
            raise ConfigurationError(f"headers_file: line {number} of {path} is not a header to send (Name: value)")
        headers[name.strip()] = value.strip()
    return headers
