"""How units are driven. A new strategy is one file here and one line below."""

from __future__ import annotations

from stac_ingest.config import IngestConfig
from stac_ingest.strategies.base import Strategy
from stac_ingest.strategies.queue import queue
from stac_ingest.strategies.semaphore import semaphore
from stac_ingest.strategies.sequential import sequential

STRATEGIES: dict[str, Strategy] = {
    "sequential": sequential,
    "semaphore": semaphore,
    "queue": queue,
    "time_chunks": queue,  # the source lists chunks of time instead of one cursor; workers take them from a queue
}


def choose_strategy(config: IngestConfig) -> tuple[str, Strategy]:
    """Choose by the settings."""
    return config.strategy, STRATEGIES[config.strategy]
