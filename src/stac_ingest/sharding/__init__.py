"""A large source in shards: planned once, ingested by jobs that know nothing of each other, closed by a last one.

`plan_ingest` -> `run_shard` for each shard, anywhere, in any order -> `finalize_ingest`. What was killed is run again
alone. Nothing here knows what starts the jobs; `run_all` starts them as processes of this machine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stac_ingest.completeness import require_complete
    from stac_ingest.sharding.finalize import finalize_ingest
    from stac_ingest.sharding.ingest_shard import run_shard
    from stac_ingest.sharding.manifest import CollectionReport, Manifest, ShardReport
    from stac_ingest.sharding.plan import Plan, read_plan
    from stac_ingest.sharding.planner import plan_ingest
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

_MODULES = {
    "CollectionReport": "sharding.manifest",
    "Manifest": "sharding.manifest",
    "Plan": "sharding.plan",
    "ShardReport": "sharding.manifest",
    "ShardedIngest": "sharding.settings",
    "finalize_ingest": "sharding.finalize",
    "plan_ingest": "sharding.planner",
    "read_plan": "sharding.plan",
    "require_complete": "completeness",
    "run_shard": "sharding.ingest_shard",
}
"""Where each name is defined. A module is imported when one of its names is first asked for: each job needs a few."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"stac_ingest.{_MODULES[name]}"), name)
