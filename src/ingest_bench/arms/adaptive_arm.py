"""The package's own module with `concurrency: auto`: it finds its level while it runs."""

from ingest_bench.arms.base import ArmKind, ArmSpec
from ingest_bench.arms.ingest_arm import READERS, ingest_settings
from stac_ingest.config import IngestConfig
from stac_ingest.module import IngestModule


def make(spec: ArmSpec) -> IngestModule:
    """Set up an `IngestModule` that asks at most as much at once as the concurrency of the arm."""
    budget = spec.budget or {}
    limit = min(spec.concurrency, budget.get("max_in_flight") or spec.concurrency)
    return IngestModule({**ingest_settings(spec), "concurrency": "auto", "budget": {**budget, "max_in_flight": limit}})


ARM = ArmKind(
    name="adaptive",
    description="the package's own module, which finds its level of concurrency up to that of the cell",
    make=make,
    reads=("api",),
    preload=READERS,
    settings=IngestConfig,
    counts=("requests", "retries", "rate_limited"),
    role="auto",
)
