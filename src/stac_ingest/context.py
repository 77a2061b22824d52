"""What the stages of one pipeline run share."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from stac_ingest.failures import FailureCollector


@dataclass(slots=True)
class WorkflowContext:
    """What the stages of one pipeline run share.

    `data["collection_id"]` stands in for a missing `collection_id` setting.
    """

    workflow_id: str = "ingest"
    config: dict[str, Any] = field(default_factory=dict)
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("stac_ingest"))
    failure_collector: FailureCollector = field(default_factory=FailureCollector)
    checkpoints: Any = None
    positions: Any = None
    """Where they are kept (`positions.Positions`), a resumed run doesn't read what an earlier one has written."""
    data: dict[str, Any] = field(default_factory=dict)
