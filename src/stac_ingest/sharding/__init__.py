"""A large source in shards: planned once, ingested by jobs that know nothing of each other, closed by a last one.

`plan_ingest` -> `run_shard` for each shard, anywhere, in any order -> `finalize_ingest`. What was killed is run again
alone. Nothing here knows what starts the jobs; `run_all` starts them as processes of this machine.
"""

from stac_ingest.completeness import require_complete
from stac_ingest.sharding.finalize import finalize_ingest
from stac_ingest.sharding.manifest import CollectionReport, Manifest, ShardReport
from stac_ingest.sharding.plan import Plan, read_plan
from stac_ingest.sharding.planner import plan_ingest
from stac_ingest.sharding.run_shard import run_shard
from stac_ingest.sharding.settings import ShardedIngest

__all__ = [
    "CollectionReport",
    "Manifest",
    "Plan",
    "ShardReport",
    "ShardedIngest",
    "finalize_ingest",
    "plan_ingest",
    "read_plan",
    "require_complete",
    "run_shard",
]
