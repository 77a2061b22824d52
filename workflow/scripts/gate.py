"""Fail where the comparison found a regression."""

from pathlib import Path

from ingest_bench.comparison import stop_at_regression
from ingest_bench.workflow.job_log import logged

with logged(snakemake.log[0]):
    stop_at_regression(Path(snakemake.input[0]))
