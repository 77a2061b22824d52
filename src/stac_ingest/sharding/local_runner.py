"""All of an ingest in shards by processes of this machine: plan, shards, end. What is done already is left as it is."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.finalize import finalize_ingest
from stac_ingest.sharding.ingest_shard import run_shard
from stac_ingest.sharding.manifest import CollectionReport
from stac_ingest.sharding.plan import Plan
from stac_ingest.sharding.status import IngestStatus, documents

if TYPE_CHECKING:
    from stac_ingest.pipeline import Modifier
    from stac_ingest.sharding.settings import ShardedIngest


def run_all(
    settings: ShardedIngest,
    *,
    modifiers: Sequence[Modifier] = (),
    on_shard: Callable[[int, int], None] | None = None,
) -> CollectionReport:
    """Plan, run and finalize what isn't done yet of an ingest, and return the report of the whole.

    Args:
        settings: of the ingest; `jobs` says how many processes there are, or else the number of cores does.
        modifiers: applied to each item on its way; they have to be picklable.
        on_shard: called with how many shards are done and how many there are to do.

    Raises:
        IngestError: planning or closing failed, or one of the shards did. Others are finished first, and stay.

    """
    status = IngestStatus(settings)
    plan = status.planned()
    numbers = sorted(status.shards())
    if numbers:
        _run(plan, numbers, settings.at_once or os.cpu_count() or 1, modifiers, on_shard)
    if numbers or IngestStatus(settings).end():
        return finalize_ingest(plan)
    path = documents(settings) / "certificate.json"
    return CollectionReport.model_validate_json(path.read_bytes())


def _run(
    plan: Plan,
    numbers: list[int],
    jobs: int,
    modifiers: Sequence[Modifier],
    on_shard: Callable[[int, int], None] | None,
) -> None:
    failed: list[Exception] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(numbers)), spawn) as pool:
        shards = [pool.submit(_shard, plan, number, modifiers) for number in numbers]
        for done, shard in enumerate(as_completed(shards), 1):
            error = shard.exception()
            if isinstance(error, Exception):
                failed.append(error)
            if on_shard is not None:
                on_shard(done, len(numbers))
    if any(isinstance(error, BrokenProcessPool) for error in failed):
        raise DataProcessingError("a shard's process was killed; start the ingest again to resume")
    if failed:
        raise failed[0]


def _shard(plan: Plan, number: int, modifiers: Sequence[Modifier]) -> None:
    try:
        run_shard(plan, number, modifiers=modifiers)
    except DataProcessingError as error:
        # Not all errors of this package can be pickled, and which shard it was is worth knowing.
        raise DataProcessingError(f"shard {number}: {error}") from None
