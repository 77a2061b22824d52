"""The forms in which a search can be written, and a client that finds out which of them a server takes.

Servers offer a POST that they refuse, or refuse an interval of time with an open end, which the specification has. What
one refusal taught holds for the run, so it costs a request or two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote, urlencode

from stac_ingest.api.conformance import OF_ITEM_SEARCH
from stac_ingest.api.intervals import EARLIEST, LATEST, format_instant
from stac_ingest.api.search_terms import written_terms
from stac_ingest.errors import RateLimited, ResponseError
from stac_ingest.http.request import Request
from stac_ingest.http.retries import FORBIDDEN

if TYPE_CHECKING:
    from stac_ingest.http.client import Response
    from stac_ingest.http.retries import RetryingClient
    from stac_ingest.summary import IngestSummary

UNAUTHORIZED = 401
NOT_HERE = frozenset({404, 405, 410, 501})
"""Statuses that say that there is nothing to ask at a URL, or not by this method."""
_OTHER_METHOD = NOT_HERE | {FORBIDDEN, 415}
_UNDERSTOOD = frozenset({400, 413, 414, 422})
"""Statuses of a search that came to where searches are made, and is refused for what it asks."""
REFUSED_INTERVAL = frozenset({400, 404, 422, 501})
"""Statuses by which a server may refuse an interval of time, or each of them."""
_OTHER_INTERVAL = REFUSED_INTERVAL | {500}
_ENDS = (format_instant(EARLIEST), format_instant(LATEST))
_OPEN = ("", "..")


class Form(NamedTuple):
    """A way to write a search."""

    method: Literal["GET", "POST"]
    url: str
    own: bool = False
    """Whether the URL is a collection's own, which is searched by space and time alone."""
    items: tuple[tuple[str, str], ...] = ()
    """Of a form that is a collection's own: the URLs of all collections by their ids, where there are several."""

    def request(self, search: Mapping[str, Any]) -> Request:
        """Write a search.

        Args:
            search: as the body of a POST, where an expression is a `FilterTerm`.

        """
        sent = {name: value for name, value in search.items() if not (self.own and name == "collections")}
        written = written_terms(sent, self.method)
        if self.method == "POST":
            return Request("POST", self.url, body=written, search=search)
        url = dict(self.items).get(search["collections"][0], self.url) if self.items else self.url
        query = urlencode(written, safe=",/:", quote_via=quote)
        return Request("GET", url + ("&" if "?" in url else "?") + query, search=search)

    def takes(self, search: Mapping[str, Any]) -> bool:
        """Say whether a search can be written so."""
        return not self.own or (len(search.get("collections", ())) == 1 and not {*OF_ITEM_SEARCH} & {*search})


class _How(NamedTuple):
    """How searches are written."""

    form: Form
    closes: bool
    """Whether open ends are written as far ones."""

    def write(self, request: Request) -> Request:
        """Write a search that was written in another way."""
        search = dict(request.search or {})
        if self.closes and "datetime" in search:
            search["datetime"] = _closed(search["datetime"])
        return replace(self.form.request(search), search=request.search)


class SearchClient:
    """Sends requests; those that begin a search, in a form that the server takes.

    Attributes:
        plain: sends requests as they are.

    """

    def __init__(self, plain: RetryingClient, summary: IngestSummary) -> None:
        self.plain = plain
        self._summary = summary
        self._forms: Sequence[Form] = ()
        self._how: _How | None = None
        self._answered: set[str] = set()
        """Methods of searches that were answered."""
        self._lock = asyncio.Lock()
        self._exhausted: set[tuple[object, ...]] = set()
        """Refusals after which everything else was tried."""

    def offer(self, forms: Sequence[Form]) -> None:
        """Say in which forms a search may be written, the best first: requests are to be in that one."""
        self._forms = forms
        self._how = _How(forms[0], closes=False)

    @property
    def method(self) -> str:
        """The method by which searches are sent."""
        return "POST" if self._how is None else self._how.form.method

    async def send(
        self, request: Request, *, gives_up_early: bool = False, not_needed: Callable[[], bool] | None = None
    ) -> Response:
        """Send a request; one that begins a search and is refused, in other forms as well.

        The response names the request that it answers.

        Raises:
            RequestNotNeeded, DataProcessingError: see `RetryingClient.send`. Where all forms are refused it is the
                first refusal.

        """
        how = self._how
        if request.search is None or how is None:
            return await self.plain.send(request, gives_up_early=gives_up_early, not_needed=not_needed)
        written = request if how == (self._forms[0], False) else how.write(request)
        tries_on = how.form.method not in self._answered and len(self._forms) > 1
        try:
            response = await self.plain.send(
                written, gives_up_early=gives_up_early, not_needed=not_needed, stops_at_403=not tries_on
            )
        except ResponseError as error:
            if isinstance(error, RateLimited) or not self._others(request, how, error):
                raise
            async with self._lock:
                return await self._otherwise(request, how, error)
        self._answered.add(how.form.method)
        return response._replace(sent=written)

    async def _otherwise(self, request: Request, refused: _How, error: ResponseError) -> Response:
        """Send a search that was refused in other forms, one after another, unless another search has done so."""
        if self._how is not None and self._how != refused:
            return await self._sent(request, self._how)
        several = len((request.search or {}).get("collections", ())) > 1
        kind = (refused, error.status, _is_open(request), several, *sorted(request.search or ()))
        others = [] if kind in self._exhausted else self._others(request, refused, error)
        understood: tuple[_How, ResponseError] | None = None
        # A host that forbids one request is asked once more, and not in all the forms there are.
        for other in others[:1] if error.status == FORBIDDEN else others:
            try:
                response = await self._sent(request, other)
            except RateLimited:
                raise
            except ResponseError as second:
                if second.status in (UNAUTHORIZED, FORBIDDEN):
                    raise
                if second.status in _UNDERSTOOD and other.form != refused.form and not other.form.own:
                    understood = understood or (other, second)
                continue
            self._learn(refused, error, other)
            return response
        if understood is not None and error.status != FORBIDDEN:
            # The other method is the right one, and what is asked for isn't.
            how, answer = understood
            self._learn(refused, error, how)
            return await self._otherwise(request, how, answer)
        self._exhausted.add(kind)
        if error.status == FORBIDDEN:
            self.plain.stop(error)
        raise error

    async def _sent(self, request: Request, how: _How) -> Response:
        written = how.write(request)
        response = await self.plain.send(written)
        self._answered.add(how.form.method)
        return response._replace(sent=written)

    def _others(self, request: Request, refused: _How, error: ResponseError) -> list[_How]:
        """List other ways to write a search that was refused; none where the refusal can't be about how it was."""
        others = []
        if error.status in _OTHER_METHOD and refused.form.method not in self._answered:
            for form in self._forms:
                if form != refused.form and form.takes(request.search or {}):
                    others.append(refused._replace(form=form))  # noqa: PERF401 - reads better as it is
        if error.status in _OTHER_INTERVAL and not refused.closes and _is_open(request):
            others.append(refused._replace(closes=True))
        return others

    def _learn(self, refused: _How, error: ResponseError, how: _How) -> None:
        self._how = how
        if how.closes and not refused.closes:
            self._summary.note(
                f"the server refuses open intervals of time (status {error.status}); their ends were written as "
                f"{_ENDS[0]} and {_ENDS[1]}"
            )
        if how.form != refused.form:
            used = "the collection's own items were read" if how.form.own else f"{how.form.method} was used"
            self._summary.note(f"the server refuses searches by {refused.form.method} (status {error.status}); {used}")


def _is_open(request: Request) -> bool:
    first, slash, last = str((request.search or {}).get("datetime", "")).partition("/")
    return bool(slash) and (first in _OPEN or last in _OPEN)


def _closed(datetime: str) -> str:
    first, slash, last = datetime.partition("/")
    if not slash:
        return datetime
    return f"{_ENDS[0] if first in _OPEN else first}/{_ENDS[1] if last in _OPEN else last}"
