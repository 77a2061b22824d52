"""Measure one cell."""

from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.harness.measure import measure_to_file
from ingest_bench.system.environment import restarts
from ingest_bench.workflow.first_pass import FirstPass
from ingest_bench.workflow.identity import cell_identity, fingerprint
from ingest_bench.workflow.job_log import logged

settings = load_settings(snakemake.config)
wildcards = snakemake.wildcards
cell = find_cell(settings, wildcards.scenario, wildcards.arm, int(wildcards.concurrency))
with logged(snakemake.log[0]):
    measure_to_file(
        settings,
        cell,
        identity=fingerprint(cell_identity(settings, cell)),
        output=snakemake.output[0],
        attempt=snakemake.resources.attempt + restarts(),
        deferred=FirstPass(settings).deferred(cell),
    )
