"""A file's own hash in its last line, by which a file that was cut off or edited is told from a whole one."""

from hashlib import sha256

_MARK = b',\n "seal": "'
_END = b'"\n}\n'


def with_checksum(text: str) -> bytes:
    """Return a JSON object, written with an indent of one, with its checksum at the end.

    Args:
        text: of the object, without a key "seal".

    """
    body = text.rstrip().removesuffix("}").rstrip().encode()
    return body + _MARK + _checksum(body) + _END


def checksum_of(data: bytes) -> str | None:
    """Return the checksum of a file's content; None when it has none, or not the one that belongs to the content."""
    body, _, end = data.rpartition(_MARK)
    return _checksum(body).decode() if body and end == _checksum(body) + _END else None


def _checksum(body: bytes) -> bytes:
    return sha256(body).hexdigest().encode()
