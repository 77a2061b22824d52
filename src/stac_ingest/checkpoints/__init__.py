"""Checkpoints: which items are written, kept over kills and runs."""

from stac_ingest.checkpoints.manager import CheckpointManager

__all__ = ["CheckpointManager"]
