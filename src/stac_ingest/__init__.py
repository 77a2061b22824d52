"""Fast, safe ingestion of STAC items from files and APIs."""

from stac_ingest.checkpoints import CheckpointManager
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError
from stac_ingest.failures import FailureCollector
from stac_ingest.module import IngestModule
from stac_ingest.summary import IngestSummary

__all__ = [
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
