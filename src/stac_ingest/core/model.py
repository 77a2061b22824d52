"""What travels from a source to the pipeline: payloads, batches and items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Item = dict[str, Any]


Reject = Callable[[str, Exception], None]
"""Called with the origin (a file name, an item id, a URL) and the error of whatever can't be used."""


class Payload(NamedTuple):
    """Raw bytes and where they came from; or, with `error`, why there are none."""

    data: Any
    """Bytes as read: a file, a page. Columnar sources hand over a column of them."""
    origin: str
    error: Exception | None = None


def payload(data: bytes, origin: str) -> Payload:
    """Make a payload without an error, in half the time that its constructor takes."""
    return tuple.__new__(Payload, (data, origin, None))


Batch = Sequence[Payload]


Position = dict[str, Any]
"""A part of a source as JSON, with `list` and `files` or `time`, that tells it from others in a later run."""
