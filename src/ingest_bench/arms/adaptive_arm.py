"""The package's own module with `concurrency: auto`: it finds its level while it runs."""

from __future__ import annotations

from ingest_bench.arms.base import ArmSpec
from ingest_bench.arms.ingest_arm import ingest_settings
from stac_ingest.module import IngestModule


def make(spec: ArmSpec) -> IngestModule:
    """Set up an `IngestModule` that asks at most as much at once as the concurrency of the arm."""
    budget = spec.budget or {}
    most = min(spec.concurrency, budget.get("max_in_flight") or spec.concurrency)
    return IngestModule({**ingest_settings(spec), "concurrency": "auto", "budget": {**budget, "max_in_flight": most}})
