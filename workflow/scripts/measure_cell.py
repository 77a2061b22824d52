"""Measure one cell."""

from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.harness.measure import measure_to_file
from ingest_bench.system.environment import restarts
from ingest_bench.workflow.jobs import logged
from ingest_bench.workflow.progress import tell

settings = load_settings(snakemake.config)
wildcards = snakemake.wildcards
spec = find_cell(settings, wildcards.scenario, wildcards.arm, int(wildcards.concurrency))
tell(settings, spec)
with logged(snakemake.log[0]):
    measure_to_file(settings, spec, output=snakemake.output[0], attempt=snakemake.resources.attempt + restarts())
