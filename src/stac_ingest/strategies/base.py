"""What every strategy is: a way to drive the units of a source."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from stac_ingest.core.model import Batch
from stac_ingest.core.source import Source


class Strategy(Protocol):
    """Drives a source's units, at most `concurrency` at once, and yields their batches as they come.

    The order of batches is free. Closing the iterator ends every unit under way before it returns. A slow consumer
    stops the reading: no more than `concurrency` batches wait for it, and one more in the hands of each unit under way.
    The error of a unit ends all, and is raised as it is.
    """

    def __call__(self, source: Source[Any], concurrency: int) -> AsyncGenerator[Batch]: ...
