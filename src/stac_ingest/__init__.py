"""Fast, safe ingestion of STAC items from files and APIs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stac_ingest.changes import ChangeCollector
    from stac_ingest.checkpoints.manager import CheckpointManager
    from stac_ingest.config import IngestConfig
    from stac_ingest.context import WorkflowContext
    from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError
    from stac_ingest.failures import FailureCollector
    from stac_ingest.module import IngestModule
    from stac_ingest.summary import IngestSummary

__all__ = [
    "ChangeCollector",
    "CheckpointManager",
    "ConfigurationError",
    "DataProcessingError",
    "FailureCollector",
    "IngestConfig",
    "IngestError",
    "IngestModule",
    "IngestSummary",
    "WorkflowContext",
]

_MODULES = {
    "ChangeCollector": "changes",
    "CheckpointManager": "checkpoints",
    "ConfigurationError": "errors",
    "DataProcessingError": "errors",
    "FailureCollector": "failures",
    "IngestConfig": "config",
    "IngestError": "errors",
    "IngestModule": "module",
    "IngestSummary": "summary",
    "WorkflowContext": "context",
}
"""Where each name is defined. A module is imported when one of its names is first asked for."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
