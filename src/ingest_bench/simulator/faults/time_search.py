"""Searches by time that are refused, or that don't find every item."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from ingest_bench.simulator.faults.base import Fault
from ingest_bench.simulator.responses import body_of, problem

if TYPE_CHECKING:
    from ingest_bench.simulator.handler import NextHandler
    from ingest_bench.simulator.metrics import RequestTiming
    from ingest_bench.simulator.options import Options

_OPEN = ("", "..")


class RefuseOpenIntervals(Fault):
    """Searches of an interval with an open end (`../t`) are refused with the status in the value."""

    name = "refuse-open-intervals"
    default = 400

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the refusal, or the response of the rest of the chain."""
        if self.refuses(await _datetime(request)):
            self.applied += 1
            return problem(self.value, "InvalidParameterValue", "datetime: this can't be searched for")
        return await call_next(request, timing)

    def refuses(self, datetime: str) -> bool:
        """Whether a search of that time is refused; "" is one without."""
        return "/" in datetime and any(end in _OPEN for end in datetime.split("/"))


class RefuseIntervals(RefuseOpenIntervals):
    """Searches of any interval of time are refused with the status in the value."""

    name = "refuse-intervals"

    def refuses(self, datetime: str) -> bool:
        """Whether it is an interval."""
        return "/" in datetime


class Timeless(Fault):
    """One item of so many as the value is found by no search by time, as where it has no `datetime` of its own."""

    name = "timeless-items"
    default = 10

    def options(self, options: Options) -> Options:
        """Return the options with those items hidden."""
        return replace(options, timeless=max(1, self.value))


class DatetimeOnly(Fault):
    """A search by time looks at `datetime` alone, so an item with a start, an end and null there isn't found."""

    name = "datetime-only"

    def options(self, options: Options) -> Options:
        """Return the options by which durations are ignored."""
        return replace(options, durations=False)


class ExclusiveEnds(Fault):
    """Intervals of time are taken as open at both ends, so that an item at an end isn't found."""

    name = "exclusive-ends"

    def options(self, options: Options) -> Options:
        """Return the options with exclusive ends."""
        return replace(options, exclusive_ends=True)


class WrongExtent(Fault):
    """The collection's document says that all its items are of one day in 1999."""

    name = "wrong-extent"

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the document with that extent; other responses as they are."""
        response = await call_next(request, timing)
        if request.path.startswith("/collections/") and isinstance(response, web.Response):
            document = orjson.loads(body_of(response))
            if "extent" in document:
                interval = [["1999-12-30T00:00:00Z", "1999-12-31T00:00:00Z"]]
                document["extent"]["temporal"] = {"interval": interval}
                response.body = orjson.dumps(document)
                self.applied += 1
        return response


async def _datetime(request: web.Request) -> str:
    content = await request.read()
    try:
        body = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError:
        body = {}
    given = body.get("datetime") if isinstance(body, dict) else None
    return str(given or request.query.get("datetime", ""))
