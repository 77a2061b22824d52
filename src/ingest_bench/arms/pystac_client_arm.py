"""The real pystac-client, used as stac-manager uses it: synchronous, page after page, inside an `async def`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from pystac_client import Client
from pystac_client.stac_api_io import StacApiIO

from ingest_bench.arms.base import ArmSpec
from stac_ingest.context import WorkflowContext
from stac_ingest.errors import BudgetExhausted
from stac_ingest.summary import IngestSummary

LATE = ("netrc", "dateutil.parser", "pystac.extensions.ext", "pystac.extensions.label")
"""What requests and pystac import with the first answer, which would be while the clock runs."""


def make(spec: ArmSpec) -> PystacClientFetcher:
    """Set up the client; nothing is asked yet."""
    for name in LATE:
        import_module(name)
    return PystacClientFetcher(spec)


class _CountedIO(StacApiIO):  # type: ignore[misc] # pystac-client ships no type information
    """Counts requests, and keeps to a budget where there is one."""

    def __init__(self, summary: IngestSummary, budget: dict[str, Any] | None) -> None:
        super().__init__()
        self._summary = summary
        self._most = (budget or {}).get("max_requests")
        self._interval = 1 / budget["requests_per_second"] if budget and budget.get("requests_per_second") else 0.0
        self._next = 0.0

    def request(self, *arguments: Any, **options: Any) -> str:
        if self._summary.requests == self._most:
            raise BudgetExhausted(f"the budget of {self._most} requests is spent")
        if self._interval:
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._next = time.monotonic() + self._interval
        self._summary.requests += 1
        text: str = super().request(*arguments, **options)
        self._summary.bytes_read += len(text)
        return text


class PystacClientFetcher:
    """Opens the API, searches the collection and yields what the search does."""

    def __init__(self, spec: ArmSpec) -> None:
        self._spec = spec
        self.summary = IngestSummary(strategy="pystac_client")

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:  # noqa: ARG002 - a fetcher is given it
        """Yield the items of the collection."""
        spec = self._spec
        client = Client.open(spec.source, stac_io=_CountedIO(self.summary, spec.budget))
        client.get_collection(spec.collection)
        limit = spec.settings.get("limit", 100)
        search = client.search(collections=[spec.collection], limit=limit, max_items=spec.max_items)
        for item in search.items_as_dicts():
            self.summary.items += 1
            yield item
