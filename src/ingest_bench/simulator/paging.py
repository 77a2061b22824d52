"""Where a page starts, and what the link to the next one says. Adding a style is adding a class here."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from ingest_bench.simulator.errors import InvalidParameterError
from ingest_bench.simulator.parameters import whole

if TYPE_CHECKING:
    from ingest_bench.simulator.parameters import Search

_TAG, _PLACE = 12, 6
"""Bytes of a token."""


class Paging(Protocol):
    """A way to name pages."""

    parameter: str
    """Its own parameter, in the query of a GET and the body of a POST."""

    def start(self, search: Search) -> int:
        """Say how many items come before the page.

        Raises:
            InvalidParameterError: the parameter can't be used.

        """

    def following(self, search: Search, start: int) -> str | int:
        """Give the parameter's value for the page after the one that begins at `start`."""


class TokenPaging:
    """An opaque cursor, known only to who has the page before it. It holds for the search it was given out for.

    A token is the same whenever the server is started with the same seed, as those of servers on a database are.
    """

    parameter = "token"

    def __init__(self, seed: int) -> None:
        self._key = blake2b(f"cursor {seed}".encode()).digest()

    def start(self, search: Search) -> int:
        """Read the token."""
        if search.position is None:
            return 0
        try:
            sealed = b64decode(search.position, altchars=b"-_", validate=True)
            place = self._masked(sealed[_TAG:], sealed[:_TAG])
        except (TypeError, ValueError):
            raise InvalidParameterError("token: not one of this server's") from None
        if not hmac.compare_digest(sealed[:_TAG], self._tag(search, place)):
            raise InvalidParameterError("token: not one of this server's, or given out for another search")
        return int.from_bytes(place)

    def following(self, search: Search, start: int) -> str:
        """Make a token. The place in it is masked, so that tokens can't be told apart from noise."""
        place = (start + search.limit).to_bytes(_PLACE)
        tag = self._tag(search, place)
        return urlsafe_b64encode(tag + self._masked(place, tag)).decode()

    def _tag(self, search: Search, place: bytes) -> bytes:
        return blake2b(repr(search.selection).encode() + place, key=self._key, digest_size=_TAG).digest()

    def _masked(self, place: bytes, tag: bytes) -> bytes:
        mask = blake2b(tag, key=self._key, digest_size=_PLACE).digest()
        return bytes(a ^ b for a, b in zip(place, mask, strict=True))


class PagePaging:
    """Numbered pages, the first of which is 1."""

    parameter = "page"

    def start(self, search: Search) -> int:
        """Count the items of the pages before."""
        return (self._number(search.position) - 1) * search.limit

    def following(self, search: Search, start: int) -> int:
        """Give the next number."""
        return start // max(1, search.limit) + 2

    @staticmethod
    def _number(value: Any) -> int:
        return 1 if value is None else whole("page", value, least=1)


class OffsetPaging:
    """The number of items to pass over."""

    parameter = "offset"

    def start(self, search: Search) -> int:
        """Give the offset."""
        return 0 if search.position is None else whole("offset", search.position, least=0)

    def following(self, search: Search, start: int) -> int:
        """Pass over this page as well."""
        return start + search.limit


def paging_style(name: str, seed: int) -> Paging:
    """Make the style of that name: token, page or offset."""
    if name == "token":
        return TokenPaging(seed)
    return PagePaging() if name == "page" else OffsetPaging()
