"""Which headers may be sent."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OWN = {"host", "content-length", "transfer-encoding", "connection", "content-type", "cookie", "upgrade", "te"}
"""The client's own business; neither a server's link nor a file of headers may set them."""


def is_sendable(name: str, value: str) -> bool:
    """Whether a header is one by its form, and is not the client's own."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value)) and name.lower() not in _OWN
