"""Looks at a source of the user's with few reads, and writes the matrix that suits it: `make measure`."""

from ingest_bench.survey.request import MeasureRequest
from ingest_bench.survey.run import CONFIG, read_config, survey_source

__all__ = ["CONFIG", "MeasureRequest", "read_config", "survey_source"]
