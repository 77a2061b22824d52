"""How units are driven. A new strategy is one file here and one entry of the table below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from stac_ingest.core.registry import load

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stac_ingest.core.model import Batch
    from stac_ingest.core.source import Source

__all__ = ["STRATEGIES", "Strategy", "StrategyInfo", "load_strategy", "worker_strategies"]


class Strategy(Protocol):
    """Drives a source's units, at most `concurrency` at once, and yields their batches as they come.

    The order of batches is free. Closing the iterator ends every unit under way before it returns. A slow consumer
    stops the reading: no more than `concurrency` batches wait for it, and one more in the hands of each unit under way.
    The error of a unit ends all, and is raised as it is.
    """

    def __call__(self, source: Source[Any], concurrency: int) -> AsyncGenerator[Batch]:
        """Drive the units of a source.

        Args:
            source: was opened; the caller closes it.
            concurrency: units under way at once, at least 1.

        Returns:
            An async iterator of the batches of all units.

        Raises:
            DataProcessingError: a unit can't be read, and the source doesn't collect that as a failure.

        """
        ...


class StrategyInfo(NamedTuple):
    """What there is to know of a strategy without importing it."""

    name: str
    """As `worker_strategy` takes it."""
    driver: str
    """Where its function is, as `module:name`; a `Strategy`."""
    label: str
    """A few words, with an article where the language wants one."""
    simplicity: int
    """Its rank, from 0 for the simplest."""
    description: str
    """One sentence, without capital and full stop."""
    api_only: bool = False
    """Whether only an API can be read with it."""
    workers: bool = True
    """Whether it drives several units at once; one that doesn't is chosen by the concurrency alone."""


STRATEGIES: dict[str, StrategyInfo] = {
    info.name: info
    for info in (
        StrategyInfo(
            "sequential",
            "stac_ingest.strategies.sequential:sequential",
            "one at a time",
            0,
            "units are read one after another in the consumer's own task: nothing waits, nothing is handed over, and "
            "items come in the order of the source",
            workers=False,
        ),
        StrategyInfo(
            "semaphore",
            "stac_ingest.strategies.semaphore:semaphore",
            "a semaphore",
            1,
            "a task for each unit starts when the semaphore has a place free, reads its unit, and frees the place: the "
            "smallest change, and units are listed no faster than places become free, so tasks never pile up",
        ),
        StrategyInfo(
            "queue",
            "stac_ingest.strategies.worker_pool:queue",
            "a worker pool with a queue",
            2,
            "a feeder puts units into a queue that holds as many as there are workers, and each worker takes the next, "
            "reads it, and hands on its batches: as many tasks as workers, however many units",
        ),
        StrategyInfo(
            "time_chunks",
            # The source lists chunks of time instead of one cursor; workers take them from a queue.
            "stac_ingest.strategies.worker_pool:queue",
            "time chunks for a worker pool",
            3,
            "the API source splits the search by time into a unit for each worker, which need not wait for one another "
            "as the pages of a cursor do, and a worker that is done takes over the far end of another's chunk: for "
            "APIs only, and the most code",
            api_only=True,
        ),
    )
}
"""By name, simplest first."""


def load_strategy(name: str) -> Strategy:
    """Import a strategy.

    Args:
        name: a key of `STRATEGIES`.

    Returns:
        The function that drives the units of a source.

    Raises:
        KeyError: there is no strategy of that name.

    """
    strategy: Strategy = load(STRATEGIES[name].driver)
    return strategy


def worker_strategies() -> list[str]:
    """Return the names that the setting `worker_strategy` can have.

    Returns:
        Keys of `STRATEGIES`: those that drive several units at once.

    """
    return [info.name for info in STRATEGIES.values() if info.workers]
