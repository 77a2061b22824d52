"""What may be asked of a remote server by default, and which servers are remote."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

MODEST_BUDGET = {"max_requests": 500, "requests_per_second": 2.0, "max_in_flight": 2}
"""Of a server that isn't this machine's, unless the user says otherwise."""


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    host = _host(url)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: Any) -> str:
    try:
        return urlsplit(str(url)).hostname or ""
    except ValueError:
        return ""
