"""How units are driven. A new strategy is one file here and one line below."""

from __future__ import annotations

from importlib import import_module

from stac_ingest.config import IngestConfig
from stac_ingest.strategies.base import Strategy

STRATEGIES = {
    "sequential": "sequential",
    "semaphore": "semaphore",
    "queue": "queue",
    "time_chunks": "queue",  # the source lists chunks of time instead of one cursor; workers take them from a queue
}
"""By setting: the module, and the function in it, that drives the units. Only the one that is used is imported."""


def choose_strategy(config: IngestConfig) -> tuple[str, Strategy]:
    """Return the name of the strategy that the settings ask for, and the strategy itself."""
    return config.strategy, load_strategy(config.strategy)


def load_strategy(name: str) -> Strategy:
    """Import a strategy.

    Raises:
        KeyError: there is no strategy of that name.

    """
    home = STRATEGIES[name]
    strategy: Strategy = getattr(import_module(f"{__name__}.{home}"), home)
    return strategy
