"""Where a link may lead, and what of a URL may be shown or sent on."""

from __future__ import annotations

import base64
import ipaddress
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from stac_ingest.errors import ResponseError

_SAFE = "%:/?#[]@!$&'()*+,;=-._~"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SECRET_PARAMETERS = {"sig", "signature", "key", "api_key", "apikey", "access_token", "subscription-key"}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL: what must be equal for two URLs to trust each other.

    Raises:
        ValueError: when the port is not a number.

    """
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs share scheme, host and port."""
    return origin(one) == origin(other)


def split_credentials(url: str) -> tuple[str, str | None]:
    """Take `user:password@` out of a URL and return it as the value of an Authorization header."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    userinfo, host = parts.netloc.rsplit("@", 1)
    token = base64.b64encode(unquote(userinfo).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), f"Basic {token}"


def display(url: str) -> str:
    """Give the URL as it may be shown: without credentials and without the values of secret parameters."""
    parts = urlsplit(url)
    netloc = parts.netloc.rsplit("@", 1)[-1]
    query = parts.query
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(name.lower() in _SECRET_PARAMETERS for name, _ in pairs):
        query = urlencode([(n, "***" if n.lower() in _SECRET_PARAMETERS else v) for n, v in pairs])
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def resolve(href: str, base: str) -> str:
    """Turn the `href` of a link found at `base` into the absolute URL to ask.

    A server behind a proxy often writes `http` for its own `https` address; there the scheme of `base` is kept. Bytes
    that can't stand in a URL are escaped, everything else stays as the server wrote it: cursors must not be re-encoded.

    Raises:
        ResponseError: the link leads from https to plain http, to another kind of scheme, or from the outside to an
            address of this machine or the other way round.

    """
    try:
        url, _ = split_credentials(urljoin(base, quote(href.strip(), safe=_SAFE)))
        scheme, host, port = origin(url)
        base_scheme, base_host, base_port = origin(base)
    except ValueError:
        raise ResponseError(f"link {href!r:.200} is not a URL", url=display(base)) from None
    if scheme not in _DEFAULT_PORTS or not host:
        raise ResponseError(f"link {href!r:.200} is not a web address", url=display(base))
    if base_scheme == "https" and scheme == "http":
        if host != base_host or port not in (80, base_port):
            raise ResponseError(f"link {display(url)} leads from https to plain http; not followed", url=display(base))
        parts, base_parts = urlsplit(url), urlsplit(base)
        return urlunsplit(parts._replace(scheme="https", netloc=base_parts.netloc.rsplit("@", 1)[-1]))
    if host != base_host and _is_internal(host) != _is_internal(base_host):
        raise ResponseError(
            f"link {display(url)} leads between the outside and an internal address; not followed", url=display(base)
        )
    return url


def _is_internal(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
