"""A large source in shards: planned once, ingested by jobs that know nothing of each other, closed by a last one.

`plan_ingest` -> `run_shard` for each shard, anywhere, in any order -> `close_ingest`. Whatever was killed is run again
alone. Nothing here knows what starts the jobs; `run_all` starts them as processes of this machine.
"""

from stac_ingest.sharding.finalize import close_ingest, stop_at_truncated
from stac_ingest.sharding.manifest import CollectionCertificate, Manifest, ShardCertificate
from stac_ingest.sharding.plan import Plan, read_plan
from stac_ingest.sharding.planner import plan_ingest
from stac_ingest.sharding.run_shard import run_shard
from stac_ingest.sharding.settings import ShardedIngest

__all__ = [
    "CollectionCertificate",
    "Manifest",
    "Plan",
    "ShardCertificate",
    "ShardedIngest",
    "close_ingest",
    "plan_ingest",
    "read_plan",
    "run_shard",
    "stop_at_truncated",
]
