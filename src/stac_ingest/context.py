"""What the stages of one pipeline run share."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.id_set import Deliveries
from stac_ingest.failures import FailureCollector

if TYPE_CHECKING:
    from stac_ingest.checkpoints.positions import SourcePositions
    from stac_ingest.checkpoints.records import Records


@dataclass(slots=True)
class WorkflowContext:
    """What the stages of one pipeline run share.

    Of `data` only `collection_id` is read: it stands in for a missing `collection_id` setting.
    """

    workflow_id: str = "ingest"
    """The name of the run; this package doesn't read it."""
    config: dict[str, Any] = field(default_factory=dict)
    """Settings of the caller's own; this package doesn't read them."""
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("stac_ingest"))
    """The caller's own; `IngestModule.set_logger` sets the one that an ingest writes to."""
    failure_collector: FailureCollector = field(default_factory=FailureCollector)
    """Takes the failures of all stages."""
    changes: ChangeCollector = field(default_factory=ChangeCollector)
    """Values that were altered or left out on the way."""
    checkpoints: Records | None = None
    """Which items are written already, where that is kept."""
    positions: SourcePositions | None = None
    """Where they are kept, a resumed run doesn't read what an earlier one has written."""
    deliveries: Deliveries | None = None
    """Tells which items came before, where the caller knows; by default a run remembers all, in a dozen bytes each."""
    on_step: Callable[[str], None] = lambda _: None
    """Told, from any thread, how far work is that takes long after the last item came."""
    collections: dict[str, Any] = field(default_factory=dict)
    """Documents of collections by id, which sources that come across some add and tables keep."""
    data: dict[str, Any] = field(default_factory=dict)
