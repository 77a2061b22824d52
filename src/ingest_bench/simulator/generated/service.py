"""A generated API as a part of the server: its items, its search, and what controls it beside the STAC API."""

from email.utils import formatdate
from pathlib import Path

from aiohttp import web

from ingest_bench.simulator.generated.description import read_description
from ingest_bench.simulator.generated.months import SECOND
from ingest_bench.simulator.generated.search import GeneratedIndex
from ingest_bench.simulator.generated.store import GeneratedStore
from ingest_bench.simulator.generated.traffic import Traffic
from ingest_bench.simulator.handler import NextHandler
from ingest_bench.simulator.metrics import RequestTiming
from ingest_bench.simulator.options import Options
from ingest_bench.simulator.query_params import InvalidParameterError, whole
from ingest_bench.simulator.responses import document, problem


class GeneratedApi:
    """Items, search, and the switch of epochs. As middleware it sets the `Date` of responses to the epoch's end."""

    def __init__(self, folder: Path, options: Options, links: str | None = None) -> None:
        """Make the items of epoch 0.

        Args:
            folder: has `generated.json`.
            options: of the server.
            links: a URL that replaces the API in the links of items; None keeps it.

        Raises:
            MeasurementError: the description can't be used.

        """
        self.description = read_description(folder)
        self.store = GeneratedStore(self.description, links=links)
        self.index = GeneratedIndex(self.store, options)
        self.traffic = Traffic()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the epoch and of the traffic."""
        epoch = [web.get("/_bench/epoch", self._epoch), web.post("/_bench/epoch", self._switch)]
        return [*epoch, *self.traffic.routes()]

    def reset(self) -> None:
        """Nothing: an epoch lasts until the next one is asked for."""

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the response of the rest of the chain, dated by the server's own clock."""
        response = await call_next(request, timing)
        response.headers["Date"] = formatdate(self.store.history.ends(self.store.state.number) // SECOND, usegmt=True)
        return response

    async def _epoch(self, _request: web.Request) -> web.Response:
        return document({"epoch": self.store.state.number, "items": len(self.store)})

    async def _switch(self, request: web.Request) -> web.Response:
        text = request.query.get("number", "")
        try:
            number = whole("number", int(text) if text.isdecimal() else text, minimum=0)
        except InvalidParameterError as error:
            return problem(web.HTTPBadRequest.status_code, "InvalidParameterValue", str(error))
        if number > self.description.epochs:
            last = f"number: the last epoch is {self.description.epochs}"
            return problem(web.HTTPBadRequest.status_code, "InvalidParameterValue", last)
        self.store.switch(number)
        self.index.forget()
        return await self._epoch(request)
