"""URLs of stores: what they name, and which server that is. Imports nothing of a store."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import urlsplit

from stac_ingest.errors import ConfigurationError
from stac_ingest.http.urls import split_credentials

S3, GOOGLE, AZURE = "s3", "gs", "az"
SCHEMES = {"s3": S3, "s3a": S3, "gs": GOOGLE, "gcs": GOOGLE, "az": AZURE, "azure": AZURE, "abfs": AZURE, "abfss": AZURE}
"""The kind of store, by the scheme of a URL in small letters."""

ENDPOINTS = {
    S3: ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    GOOGLE: ("GOOGLE_BASE_URL", "STORAGE_EMULATOR_HOST"),
    AZURE: ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
"""Environment variables that name another server than the provider's; the first that is set counts."""
_PROVIDERS = {
    S3: "https://s3.amazonaws.com",
    GOOGLE: "https://storage.googleapis.com",
    AZURE: "https://blob.core.windows.net",
}
_DOTS = ("", ".", "..")


class StoreUrl(NamedTuple):
    """What a URL of a store names."""

    kind: str
    bucket: str
    """Or container."""
    key: str
    """Of an object, or a prefix; without slashes at its ends."""
    is_prefix: bool
    """Whether the URL ends with a slash, or names the bucket alone."""
    account: str = ""
    """Of Azure, where the URL names one."""
    root: str = ""
    """The URL of the bucket, as it may be shown."""


def store_kind(url: str) -> str | None:
    """Return the kind of store that a URL is of; None where it is a path or something else. Looks at the text alone."""
    scheme, separator, _ = url.partition("://")
    return SCHEMES.get(scheme.lower()) if separator else None


def read_url(url: str, setting: str = "source") -> StoreUrl:
    """Read the URL of a store.

    Args:
        url: as it was given.
        setting: what it was given by, for messages.

    Raises:
        ConfigurationError: it isn't one that names a bucket, or a key that can be asked for.

    """
    kind = store_kind(url)
    scheme, _, rest = url.partition("://")
    where, _, key = rest.partition("/")
    is_prefix, key = not key or key.endswith("/"), key.removesuffix("/")
    account = ""
    if kind == AZURE and "@" in where:
        where, _, host = where.partition("@")
        account = host.partition(".")[0]
    elif "@" in where:
        raise ConfigurationError(f"{setting}: the URL of a store with credentials; put these into the environment")
    if kind is None or not where or any(letter in where for letter in "?#:\\ "):
        raise ConfigurationError(f"{setting}: {scheme}://{where} is not of the form {scheme}://bucket/prefix")
    if key and any(name in _DOTS for name in key.split("/")):
        raise ConfigurationError(f"{setting}: {url} has a part of its path that is empty or made of dots")
    if not key.isprintable():
        raise ConfigurationError(f"{setting}: {url!r} has a character in its path that can't be asked for")
    root = f"{scheme.lower()}://{rest.partition('/')[0]}"
    return StoreUrl(kind, where, key, is_prefix, account, root)


def endpoint_of(kind: str) -> str | None:
    """Return the address of the server that the environment names for a kind of store; None where it names none.

    Raises:
        ConfigurationError: it isn't one. It may hold credentials, so it isn't shown.

    """
    for name in ENDPOINTS[kind]:
        if value := os.environ.get(name, "").strip():
            address = value if "://" in value else f"http://{value}"
            try:
                parts = urlsplit(address)
                known = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
            except ValueError:
                known = False
            if not known or split_credentials(address)[1] is not None or parts.query:
                raise ConfigurationError(f"{name}: give the address of a server (http://host:port), and no credentials")
            return address.rstrip("/")
    return None


def server_of(url: str) -> str:
    """Return the URL of the server that a source of a store, or on the web, is asked of.

    Raises:
        ConfigurationError: the environment names one that can't be read.

    """
    kind = store_kind(url)
    return url if kind is None else endpoint_of(kind) or _PROVIDERS[kind]
