"""Where a link may lead, and what of a URL may be shown or sent on."""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from stac_ingest.errors import LinkRefused

_SAFE = "%:/?#[]@!$&'()*+,;=-._~"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SECRET_PARAMETERS = {
    *("sig", "signature", "key", "api_key", "apikey", "access_token", "subscription-key", "password"),
    *("x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature", "x-goog-credential"),
}
_TOKEN = "token"  # noqa: S105 - the name of a parameter

_SHOWN = 500
"""Characters of a URL; a server may make them as long as it likes."""

NO_ADDRESS = "source: not a web address, since its host or its port can't be read; expected https://host/path"
"""Said of the URL of a source, without its text: what may be a password in it can't be told from the rest."""

_NUMBERS = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}", re.IGNORECASE | re.ASCII)
_CARRIERS = [ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")]
"""IPv6 networks whose addresses end in an IPv4 address that a gateway, or the system, may connect to."""


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL: what must be equal for two URLs to trust each other.

    Raises:
        ValueError: when the port is not a number.

    """
    parts = urlsplit(url)
    port = _DEFAULT_PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    return parts.scheme, (parts.hostname or "").lower(), port


def is_web_address(url: str) -> bool:
    """Whether a URL has a host, and a port that can be asked where it names one."""
    try:
        return bool(origin(url)[1])
    except ValueError:
        return False


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


def split_parameters(url: str) -> tuple[str, list[str]]:
    """Take the query out of a URL, and return its parameters as they are written."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="", fragment="")), [one for one in parts.query.split("&") if one]


def with_parameters(url: str, parameters: Sequence[str]) -> str:
    """Give a URL parameters as they are written, in place of its own of those names; the others stay byte for byte."""
    parts = urlsplit(url)
    names = {one.partition("=")[0] for one in parameters}
    kept = [one for one in parts.query.split("&") if one and one.partition("=")[0] not in names]
    return urlunsplit(parts._replace(query="&".join([*kept, *parameters])))


def display(url: str, *, source: bool = False) -> str:
    """Give the URL as it may be shown: without credentials and the values of secret parameters, and not endless.

    Args:
        url: of a request, or of the root of an API.
        source: whether it was given by the user; then a `token` is a secret, and not the place of a page.

    """
    parts = urlsplit(url)
    query = parts.query
    if _has_secret(query, source=source):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(n, "***" if is_secret(n) or (source and n.lower() == _TOKEN) else v) for n, v in pairs])
    shown = urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1], query=query))
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def holds_credentials(url: str) -> bool:
    """Whether the URL of a source has a user, a password, or a secret parameter in it."""
    parts = urlsplit(url)
    pages = parts.path.rstrip("/").endswith(("/search", "/items"))
    return "@" in parts.netloc or _has_secret(parts.query, source=not pages)


def is_secret(name: str) -> bool:
    """Whether the value of a parameter is a secret, by its name."""
    return name.lower() in _SECRET_PARAMETERS


def _has_secret(query: str, *, source: bool) -> bool:
    names = (name for name, _ in parse_qsl(query, keep_blank_values=True))
    return any(is_secret(name) or (source and name.lower() == _TOKEN) for name in names)


def resolve(href: str, base: str) -> str:
    """Turn the `href` of a link found at `base` into the absolute URL to request.

    A server behind a proxy often writes `http` for its own `https` address; there the scheme of `base` is kept. Bytes
    that can't stand in a URL are escaped, everything else stays as the server wrote it: cursors must not be re-encoded.

    Raises:
        LinkRefused: the link leads from https to plain http, to another kind of scheme, or to another host in another
            network scope: into this machine or a private network, or out of it.

    """
    shown = display(base)
    try:
        url, _ = split_credentials(urljoin(base, quote(href.strip(), safe=_SAFE)))
        scheme, host, port = origin(url)
        base_scheme, base_host, base_port = origin(base)
    except ValueError:
        raise LinkRefused(f"link {href!r:.200} is not a URL", url=shown) from None
    # Without the credentials of an empty host, the path behind it may have become another host with credentials.
    if scheme not in _DEFAULT_PORTS or not host or "@" in urlsplit(url).netloc:
        raise LinkRefused(f"link {href!r:.200} is not a web address; not followed", url=shown)
    here, there = (network_scope(name) or "the internet" for name in (base_host, host))
    if host != base_host and here != there:
        raise LinkRefused(f"link {display(url)} leads from {here} to {there}; not followed", url=shown)
    if base_scheme == "https" and scheme == "http":
        if host != base_host or port not in (80, base_port):
            raise LinkRefused(f"link {display(url)} leads from https to plain http; not followed", url=shown)
        parts, base_parts = urlsplit(url), urlsplit(base)
        return urlunsplit(parts._replace(scheme="https", netloc=base_parts.netloc.rsplit("@", 1)[-1]))
    return url


def hostname(url: str) -> str:
    """Return the host of a URL in small letters; "" where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def not_allowed(server: str, option: str = "--allow-remote") -> str:
    """Say that no request is sent to a server.

    Args:
        server: its name, or an address.
        option: what allows requests.

    """
    return f"{server} is not this machine; {option} allows requests to it"


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine: `localhost`, or a loopback address."""
    host = hostname(url)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def network_scope(host: str) -> str | None:
    """Name the network that a host is in by its address, in words; None for a name other than `localhost`."""
    host = host.removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return "this machine"
    address = _address(host)
    if address is None:
        return None
    if address.is_loopback or address.is_unspecified:
        return "this machine"
    if address.is_link_local or address.is_multicast:
        return "the local link"
    inside = not address.is_global or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    return "a private network" if inside else "the internet"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _short_address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour or _carried(address) or address
    return address


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.is_loopback or address.is_unspecified or not any(address in net for net in _CARRIERS):
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


def _short_address(host: str) -> ipaddress.IPv4Address | None:
    """Read `127.1`, `0x7f.1` and `2130706433` as the system does when it connects to them."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if _NUMBERS.fullmatch(host) else None
    except OSError:
        return None
