"""Check all shards and sign for the whole."""

from pathlib import Path

from ingest_bench.workflow.jobs import logged
from stac_ingest.sharding import close_ingest, read_plan

with logged(snakemake.log[0]):
    close_ingest(read_plan(Path(snakemake.params.plan)))
