"""Reads as the package does and decodes nothing: what disk, network and hand-over cost without parsing."""

import asyncio

from ingest_bench.arms.base import ArmKind, ArmSpec, WithoutItems
from ingest_bench.arms.ingest_arm import READERS, ingest_settings
from ingest_bench.arms.layouts import API, GEOPARQUET, LAYOUTS, Section
from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Payload
from stac_ingest.core.source import ConsumerPaced
from stac_ingest.ingest_loop import driven
from stac_ingest.sources import make_source
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary


class ReadOnly(WithoutItems):
    """Reads everything; the items that lie in what was read are in its summary."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take the settings of an ingest."""
        super().__init__()
        self._section = spec.lies.section
        self._config = IngestConfig.parse(ingest_settings(spec))
        self._strategy = load_strategy(self._config.strategy)

    async def _work(self) -> None:
        config = self._config
        self.summary = summary = IngestSummary(strategy=config.strategy, concurrency=config.workers)
        source = await asyncio.to_thread(make_source, config, config.collection_id, summary)
        async with driven(source, self._strategy, config.workers) as batches:
            async for batch in batches:
                summary.items += sum(items_in(payload, self._section) for payload in batch)
                if isinstance(source, ConsumerPaced):
                    source.mark_consumed(batch)


def items_in(payload: Payload, section: Section) -> int:
    """Count the items in a payload without making them."""
    if payload.error is not None:
        return 0
    if section == GEOPARQUET:
        return len(payload.data.rows)
    if section == API:
        from stac_ingest.api.pages import page_counts  # noqa: PLC0415 - files do without it

        return page_counts(payload.data.page).returned or 0
    return 1


ARM = ArmKind(
    name="read_only",
    description="reads as the package does and decodes nothing",
    make=ReadOnly,
    reads=tuple(LAYOUTS),
    preload=READERS,
    delivers=False,
    stage="no_parsing",
    settings=IngestConfig,
    counts=("requests", "retries", "rate_limited"),
)
