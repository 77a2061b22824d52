"""Plan an ingest in shards."""

from ingest_bench.workflow.job_log import logged
from stac_ingest.sharding import ShardedIngest, plan_ingest

with logged(snakemake.log[0]):
    plan_ingest(ShardedIngest.model_validate_json(snakemake.params.settings))
