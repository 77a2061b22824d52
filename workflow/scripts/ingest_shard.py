"""Ingest one shard."""

from pathlib import Path

from ingest_bench.workflow.jobs import logged
from stac_ingest.sharding import read_plan, run_shard

with logged(snakemake.log[0]):
    run_shard(read_plan(Path(snakemake.input[0])), int(snakemake.wildcards.shard))
