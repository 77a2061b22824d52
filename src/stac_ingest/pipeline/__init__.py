"""Ingest, transform, output: items flow through the stages in batches, or one by one where a stage takes none."""

from stac_ingest.pipeline.result import PipelineResult, StageSeconds
from stac_ingest.pipeline.run import run_pipeline
from stac_ingest.pipeline.stages import Bundler, Fetcher, Modifier, Output

__all__ = ["Bundler", "Fetcher", "Modifier", "Output", "PipelineResult", "StageSeconds", "run_pipeline"]
