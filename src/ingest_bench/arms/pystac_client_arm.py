"""The real pystac-client, used as stac-manager uses it: synchronous, page after page, inside an `async def`."""

import time
from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ingest_bench.arms.base import ArmKind, SpecFetcher
from stac_ingest.context import WorkflowContext
from stac_ingest.core.text import counted
from stac_ingest.errors import BudgetExhausted
from stac_ingest.summary import IngestSummary


class PystacClientSettings(BaseModel):
    """What may be set."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=100, ge=1, le=10_000, description="items a page")


class PystacClientFetcher(SpecFetcher):
    """Opens the API, searches the collection and yields what the search does."""

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:  # noqa: ARG002 - a fetcher is given it
        """Yield the items of the collection."""
        from pystac_client import Client  # noqa: PLC0415 - heavy, and preloaded

        spec, limit = self._spec, PystacClientSettings.model_validate(self._spec.settings).limit
        client = Client.open(spec.source, stac_io=_counted_io(self.summary, spec.budget))
        client.get_collection(spec.collection)
        search = client.search(collections=[spec.collection], limit=limit, max_items=spec.max_items)
        for item in search.items_as_dicts():
            self.summary.items += 1
            yield item


def _counted_io(summary: IngestSummary, budget: dict[str, Any] | None) -> Any:
    """Make what sends requests: it counts them, and keeps to a budget where there is one."""
    from pystac_client.stac_api_io import StacApiIO  # noqa: PLC0415 - see above

    limit = (budget or {}).get("max_requests")
    interval = 1 / budget["requests_per_second"] if budget and budget.get("requests_per_second") else 0.0

    class CountedIO(StacApiIO):  # type: ignore[misc] # pystac-client ships no type information
        """Counts."""

        due = 0.0

        def request(self, *arguments: Any, **options: Any) -> str:
            if summary.requests == limit:
                raise BudgetExhausted(f"the budget of {counted(limit, 'request')} is spent")
            if interval:
                time.sleep(max(0.0, self.due - time.monotonic()))
                self.due = time.monotonic() + interval
            summary.requests += 1
            text: str = super().request(*arguments, **options)
            summary.bytes_read += len(text)
            return text

    return CountedIO()


ARM = ArmKind(
    name="pystac_client",
    description="the real pystac-client, page after page",
    make=PystacClientFetcher,
    reads=("api",),
    # The client, and what requests and pystac import with the first answer.
    preload={"api": ("pystac_client", "netrc", "dateutil.parser", "pystac.extensions.ext", "pystac.extensions.label")},
    max_concurrency=1,
    settings=PystacClientSettings,
    counts=("requests",),
    role="client",
)
