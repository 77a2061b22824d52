"""Check all shards, and write the manifest and the completeness report."""

from pathlib import Path

from ingest_bench.workflow.jobs import logged
from stac_ingest.sharding import finalize_ingest, read_plan

with logged(snakemake.log[0]):
    finalize_ingest(read_plan(Path(snakemake.params.plan)))
