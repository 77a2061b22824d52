"""Paging styles: where a page starts, and how the link to the next one names it. A new style is a class here."""

import hmac
from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Protocol

from ingest_bench.simulator.query_params import InvalidParameterError, Search, whole

_TAG, _OFFSET = 12, 6
"""Bytes of a token."""


class Paging(Protocol):
    """A way to name pages."""

    parameter: str
    """Its own parameter, in the query of a GET and the body of a POST."""

    def start(self, search: Search) -> int:
        """Return how many items come before the page.

        Raises:
            InvalidParameterError: the parameter can't be used.

        """

    def following(self, search: Search, start: int) -> str | int:
        """Return the parameter's value for the page after the one that starts at `start`."""


class TokenPaging:
    """An opaque cursor, known only from the page before it, and valid for the search that it was issued for.

    A token is the same whenever the server is started with the same seed, as those of servers on a database are.
    """

    parameter = "token"

    def __init__(self, seed: int) -> None:
        self._key = blake2b(f"cursor {seed}".encode()).digest()

    def start(self, search: Search) -> int:
        """Return the number of items that is in the token."""
        if search.position is None:
            return 0
        try:
            tagged = b64decode(search.position, altchars=b"-_", validate=True)
            offset = self._masked(tagged[_TAG:], tagged[:_TAG])
        except (TypeError, ValueError):
            raise InvalidParameterError("token: not one of this server's") from None
        if not hmac.compare_digest(tagged[:_TAG], self._tag(search, offset)):
            raise InvalidParameterError("token: not one of this server's, or given out for another search")
        return int.from_bytes(offset)

    def following(self, search: Search, start: int) -> str:
        """Return a token. The offset in it is masked, so that tokens look random."""
        offset = (start + search.limit).to_bytes(_OFFSET)
        tag = self._tag(search, offset)
        return urlsafe_b64encode(tag + self._masked(offset, tag)).decode()

    def _tag(self, search: Search, offset: bytes) -> bytes:
        return blake2b(repr(search.filter).encode() + offset, key=self._key, digest_size=_TAG).digest()

    def _masked(self, offset: bytes, tag: bytes) -> bytes:
        mask = blake2b(tag, key=self._key, digest_size=_OFFSET).digest()
        return bytes(a ^ b for a, b in zip(offset, mask, strict=True))


class PagePaging:
    """Numbered pages, the first of which is 1."""

    parameter = "page"

    def start(self, search: Search) -> int:
        """Return how many items the pages before hold."""
        number = 1 if search.position is None else whole("page", search.position, minimum=1)
        return (number - 1) * search.limit

    def following(self, search: Search, start: int) -> int:
        """Return the number of the next page."""
        return start // max(1, search.limit) + 2


class OffsetPaging:
    """The number of items to skip."""

    parameter = "offset"

    def start(self, search: Search) -> int:
        """Return the offset."""
        return 0 if search.position is None else whole("offset", search.position, minimum=0)

    def following(self, search: Search, start: int) -> int:
        """Return the offset of the page after this one: its own plus the items of a page."""
        return start + search.limit


def paging_style(name: str, seed: int) -> Paging:
    """Return the style of that name: token, page or offset."""
    if name == "token":
        return TokenPaging(seed)
    return PagePaging() if name == "page" else OffsetPaging()
