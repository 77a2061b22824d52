"""A file's own hash in its last line, by which a file that was cut off or edited is told from a whole one."""

from __future__ import annotations

from hashlib import sha256

_MARK = b',\n "seal": "'
_END = b'"\n}\n'


def sealed(text: str) -> bytes:
    """Put a seal at the end of a JSON object that is written with an indent of one.

    Args:
        text: of the object, without a key "seal".

    """
    body = text.rstrip().removesuffix("}").rstrip().encode()
    return body + _MARK + _seal(body) + _END


def seal_of(data: bytes) -> str | None:
    """Give the seal of a file's content; None when it has none, or not the one that belongs to the content."""
    body, _, end = data.rpartition(_MARK)
    return _seal(body).decode() if body and end == _seal(body) + _END else None


def _seal(body: bytes) -> bytes:
    return sha256(body).hexdigest().encode()
