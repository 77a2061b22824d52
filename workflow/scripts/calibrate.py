"""Calibrate the harness against known answers."""

from ingest_bench.calibration.run import calibrate
from ingest_bench.workflow.job_log import logged

with logged(snakemake.log[0]):
    calibrate(snakemake.output[0], seed=snakemake.params.seed)
