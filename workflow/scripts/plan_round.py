"""Plan what to measure next."""

from ingest_bench.config.matrix import load_settings
from ingest_bench.workflow.job_log import logged
from ingest_bench.workflow.round_job import write_plan

with logged(snakemake.log[0]):
    write_plan(load_settings(snakemake.config), int(snakemake.wildcards.round))
