"""One shard: read, written under a temporary name, put in its place, reported."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stac_ingest.completeness import CompletenessReport, completeness_report
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.atomic import put, sha256_of, write_text
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.failures import Failure
from stac_ingest.outputs.geoparquet import GeoParquetOutput
from stac_ingest.pipeline import Modifier, PipelineResult, run_pipeline
from stac_ingest.sharding.fetcher import OutOfShardItems, ShardFetcher
from stac_ingest.sharding.key_hashes import KeyHashes
from stac_ingest.sharding.manifest import (
    NAMED,
    SCRATCH,
    NamedFailure,
    Part,
    ShardReport,
    hashes_path,
    notes_path,
    report_path,
    strays_path,
)
from stac_ingest.sharding.notes import NotesFile
from stac_ingest.sharding.plan import Plan, Shard
from stac_ingest.sharding.splitters import splitter_for
from stac_ingest.sharding.storage import ITEMS, Storage, open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ONE_PART = 1 << 62
_OF_AN_ITEM = "ItemError"


def run_shard(
    plan: Plan,
    number: int,
    *,
    modifiers: Sequence[Modifier] = (),
    on_progress: Callable[[PipelineResult], None] | None = None,
) -> ShardReport:
    """Ingest one shard. What an earlier try left of it is replaced.

    Args:
        plan: as it was made for the source.
        number: of the shard, from 0.
        modifiers: applied to each item, in this order.
        on_progress: called at most every 0.2 seconds with the result so far, and once at the end.

    Returns:
        The report, which is in the state folder too.

    Raises:
        DataProcessingError: the source can't be read, has changed since it was planned, or an API did not send all
            that it counts; the output can't be written. Then the shard is as if it had not been tried.

    """
    shard, settings = plan.shards[number], plan.settings
    storage, path = open_storage(settings), report_path(settings, shard)
    started_at = time.time()
    path.unlink(missing_ok=True)
    with _scratch(settings.state_folder / SCRATCH, shard.name) as scratch:
        ingested = asyncio.run(_ingest(plan, shard, scratch, modifiers, on_progress))
        _check_complete(plan, shard, ingested)
        for beside in (strays_path(settings, shard), notes_path(settings, shard)):
            beside.unlink(missing_ok=True)
            if (scratch / beside.name).exists():
                put(scratch / beside.name, beside)
        report = ShardReport(
            shard=number,
            identity=plan.identity(shard),
            part=_publish(storage, shard, ingested.report.output),
            hashes=ingested.hashes.write(hashes_path(settings, shard)),
            strays=ingested.strays,
            failures=[NamedFailure(origin=one.item_id, error=one.error) for one in ingested.failures[:NAMED]],
            # Nodes of a test cluster share a machine, whose name would not tell them apart.
            host=os.environ.get("SLURMD_NODENAME") or socket.gethostname(),
            started_at=started_at,
            ended_at=time.time(),
            ingest=replace(ingested.report, output={}),
        )
    write_text(path, report.model_dump_json(indent=1) + "\n")
    return report


class _Ingested(NamedTuple):
    """What a shard delivered, before it is in its place."""

    report: CompletenessReport
    failures: list[Failure]
    strays: int
    hashes: KeyHashes
    """Of the items in its part."""


async def _ingest(
    plan: Plan,
    shard: Shard,
    scratch: Path,
    modifiers: Sequence[Modifier],
    on_progress: Callable[[PipelineResult], None] | None,
) -> _Ingested:
    splitter = splitter_for(plan.settings, shard)
    config = splitter.config(shard)
    strays_file = scratch / strays_path(plan.settings, shard).name
    notes = NotesFile(scratch / notes_path(plan.settings, shard).name)
    context, result = WorkflowContext(changes=notes.changes), PipelineResult()
    hashes = KeyHashes()
    output = GeoParquetOutput(scratch, part_items=_ONE_PART, on_part=hashes.add)
    await asyncio.sleep(_gap_s(config))
    with closing(notes), closing(OutOfShardItems(strays_file, context.changes)) as strays:
        make, owns = partial(splitter.source, shard, config), splitter.owns(shard)
        place = splitter.place if config.hrefs == "absolute" else None
        fetcher = ShardFetcher(config, make, owns, strays, place)
        await run_pipeline(fetcher, modifiers, output, context, on_progress=on_progress, result=result)
    summary, failures = fetcher.summary, context.failure_collector.get_all()
    # What belongs to another shard was counted by the server for this one.
    summary.items -= strays.count
    if summary.matched is not None:
        summary.matched -= strays.count
    report = completeness_report(config, config.collection_id, summary, result, failures=len(failures))
    return _Ingested(report, failures, strays.count, hashes)


def _gap_s(config: IngestConfig) -> float:
    """Return the seconds that a job waits before its first request: another job may have sent one a moment ago."""
    per_second = config.budget.requests_per_second
    return 1 / per_second if per_second else 0.0


def _check_complete(plan: Plan, shard: Shard, ingested: _Ingested) -> None:
    """Refuse a shard of which another try may bring more, since a server failed for a while, or a source is changing.

    Raises:
        DataProcessingError: in words.

    """
    report, failures = ingested.report, ingested.failures
    received = report.items + len(failures)
    if not plan.settings.is_api:
        found = received + report.duplicates + report.filtered
        # How many items are in a file of JSON isn't known before it is read.
        if plan.counts_items and not failures and found != shard.expected:
            raise DataProcessingError(f"{counted(found, 'item')} came, not the {shard.expected:,} that were planned")
        return
    # Items that are none will be none the next time.
    transient = [one for one in failures if one.error_type != _OF_AN_ITEM]
    if transient:
        raise DataProcessingError(f"{report.reason}; the first is {transient[0].item_id}: {transient[0].error}")
    if report.expected is not None and received < report.expected:
        raise DataProcessingError(report.reason)


def _publish(storage: Storage, shard: Shard, written: dict[str, Any]) -> Part | None:
    """Return the part that was written, moved to the output; where there is none, remove an earlier one."""
    name = f"{ITEMS}/{shard.part}"
    if not written["paths"]:
        storage.remove(name)
        return None
    (file,) = map(Path, written["paths"])
    part = Part(path=name, items=written["items"], bytes=file.stat().st_size, sha256=sha256_of(file))
    storage.move_in(file, name)
    return part


@contextmanager
def _scratch(folder: Path, name: str) -> Iterator[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
    except OSError as error:
        raise DataProcessingError(f"can't write to {folder}: {error.strerror or error}") from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
