"""Credentials for a server: read from the environment or a file, sent to its origin alone, never shown."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.errors import ConfigurationError
from stac_ingest.http.headers import is_sendable
from stac_ingest.http.urls import display, network_scope, origin, split_credentials

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig

TOKEN_VARIABLE = "STAC_INGEST_TOKEN"  # noqa: S105 - the name of a variable, not its value
MASK = b"***"
_LONG_ENOUGH = 8
"""Characters; a shorter secret is found in texts by chance, where masking it would spoil data."""
_LARGEST_FILE = 64 * 1024


class Credentials:
    """Headers for one origin."""

    def __init__(self, root: str, headers: Mapping[str, str]) -> None:
        self._origin = origin(root)
        self._headers = dict(headers)
        words = {word for value in headers.values() for word in (value, *value.split()[1:], *_in_clear(value))}
        self._secrets = [word.encode() for word in sorted(words, key=len, reverse=True) if len(word) >= _LONG_ENOUGH]

    def headers(self, url: str, given: Mapping[str, str]) -> dict[str, str]:
        """Give all headers of a request: those `given`, and where they belong to the URL, these."""
        if origin(url) != self._origin:
            return dict(given)
        names = {name.lower() for name in given}
        return {**{name: value for name, value in self._headers.items() if name.lower() not in names}, **given}

    def masked(self, text: bytes) -> bytes:
        """Take secrets out of what a server sent: some repeat what they were sent, and it would end up in a log."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text


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


def read_credentials(config: IngestConfig) -> tuple[str, Credentials]:
    """Give the root of the API without credentials, and the credentials: of the URL, the environment, and the file.

    Raises:
        ConfigurationError: the file can't be used, or the credentials would cross a network in the clear.

    """
    root, authorization = split_credentials(config.source)
    headers = {} if authorization is None else {"Authorization": authorization}
    if token := os.environ.get(TOKEN_VARIABLE, "").strip():
        if not is_sendable("Authorization", token):
            raise ConfigurationError(f"{TOKEN_VARIABLE}: its value can't be sent in a header")
        headers["Authorization"] = f"Bearer {token}"
    if config.headers_file is not None:
        headers |= _from_file(Path(config.headers_file))
    scheme, host, _ = origin(root)
    if headers and scheme == "http" and network_scope(host) != "this machine":
        raise ConfigurationError(
            f"source: {display(root)} is plain http, and credentials are set ({', '.join(headers)}): anybody on the "
            "way could read them; use https"
        )
    return root, Credentials(root, headers)


def _from_file(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LARGEST_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"headers_file: {path} can't be read: {error}") from None
    if len(text) > _LARGEST_FILE:
        raise ConfigurationError(f"headers_file: {path} holds more than {_LARGEST_FILE} characters")
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
