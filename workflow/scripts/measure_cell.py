"""Measure one cell."""

from ingest_bench.jobs import logged
from ingest_bench.matrix import find_cell, load_settings
from ingest_bench.sampling import measure_to_file

settings = load_settings(snakemake.config)
with logged(snakemake.log[0]):
    measure_to_file(
        settings,
        find_cell(settings, snakemake.wildcards.scenario, snakemake.wildcards.arm, int(snakemake.wildcards.concurrency)),
        output=snakemake.output[0],
        attempt=snakemake.resources.attempt,
    )
