"""The last job: checks that all shards are there and sound, and writes the manifest and the report of the whole."""

from __future__ import annotations

import shutil
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.changes import ChangeCollector, newer_left_out
from stac_ingest.completeness import NAME as CERTIFICATE
from stac_ingest.completeness import verdict_of
from stac_ingest.core.atomic import write_text
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.key_hashes import all_differ
from stac_ingest.sharding.manifest import (
    MANIFEST,
    NAMED,
    SCRATCH,
    CollectionReport,
    Deduplicated,
    Manifest,
    NamedFailure,
    Part,
    ShardReport,
    read_shard_report,
)
from stac_ingest.sharding.notes import merge_notes
from stac_ingest.sharding.plan import Plan
from stac_ingest.sharding.repeated import KeptCopies
from stac_ingest.sharding.settings import is_object_storage
from stac_ingest.sharding.storage import ITEMS, Storage, open_storage, unsound

if TYPE_CHECKING:
    from stac_ingest.sharding.rest import Rest


def finalize_ingest(plan: Plan) -> CollectionReport:
    """Check all shards, take out what came twice, and write the manifest and the completeness report of the whole.

    Args:
        plan: of which every shard was run.

    Returns:
        The report, with the verdict and the sums over all shards. It is in the output too, beside the manifest.

    Raises:
        DataProcessingError: a shard isn't there, or its part isn't what its certificate says: run that shard again.

    """
    storage = open_storage(plan.settings)
    shards = _checked(plan, storage)
    stray_notes: list[bytes] = []
    stray_changes = ChangeCollector(stray_notes.append)
    once = _once(plan, storage, shards, stray_changes)
    rest = _rest(plan, storage, once, stray_changes)
    stray_changes.flush()
    _forget_earlier_plans(plan)
    parts = [
        *(shard.part for shard in once.shards if shard.part is not None),
        *once.kept,
        *(rest.parts if rest else []),
    ]
    named = {Path(part.path).name for part in parts}
    for name in storage.sizes(ITEMS):
        if name.startswith("part-") and name not in named:
            storage.remove(f"{ITEMS}/{name}")  # of an earlier plan, with more shards
    kept = KeptCopies(storage, parts)
    of_strays = b"".join(stray_notes).splitlines(keepends=True)
    changes = merge_notes(plan, storage, shards, lambda merged: chain(of_strays, kept.lines(merged)))
    changes.add_null_members(stray_changes.null_members + sum(shard.ingest.null_members for shard in once.shards))
    report = _report(plan, once, parts, changes, rest)
    report.notes += _missing(plan, storage, parts)
    if kept.newer:
        report.notes.append(newer_left_out(kept.newer))
    _write(plan, storage, CERTIFICATE, report.model_dump_json(indent=2) + "\n")
    manifest = Manifest(
        source=plan.settings.source,
        collection=plan.settings.collection,
        asked=plan.settings.what,
        verdict=report.verdict,
        items=report.items,
        bytes=sum(part.bytes for part in parts),
        parts=parts,
    )
    _write(plan, storage, MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    shutil.rmtree(plan.settings.state_folder / SCRATCH, ignore_errors=True)
    return report


def _once(plan: Plan, storage: Storage, shards: list[ShardReport], changes: ChangeCollector) -> Deduplicated:
    """Return the shards with each item in one part."""
    if all_differ(plan, shards) and not any(shard.strays for shard in shards):
        return Deduplicated(shards, [])
    from stac_ingest.sharding.deduplicate import deduplicate  # noqa: PLC0415 - needs Arrow, which takes a while

    return deduplicate(plan, storage, shards, changes)


def _missing(plan: Plan, storage: Storage, parts: list[Part]) -> list[str]:
    """Return a note on the ids that were asked for and didn't come, if there are any."""
    ids = set(plan.settings.ids or ())
    if not ids:
        return []
    from stac_ingest.filters.item_filter import missing_ids  # noqa: PLC0415 - same
    from stac_ingest.sharding.deduplicate import keys_of  # noqa: PLC0415 - same

    missing = ids - {key[1] for key in keys_of(storage, parts)}
    return [missing_ids(missing, len(ids))] if missing else []


def _forget_earlier_plans(plan: Plan) -> None:
    """Remove the reports of shards that this plan doesn't have."""
    for path in plan.settings.state_folder.glob("[0-9]*.*"):
        number = path.name.partition(".")[0]
        if number.isdecimal() and int(number) >= len(plan.shards):
            path.unlink()


def _checked(plan: Plan, storage: Storage) -> list[ShardReport]:
    sizes = storage.sizes(ITEMS)
    reports = []
    for shard in plan.shards:
        report = read_shard_report(plan, shard)
        if report is None:
            raise DataProcessingError(f"shard {shard.number} has no certificate; run it before the ingest is closed")
        why = report.part and unsound(report.part, storage, sizes, every_byte=True)
        if why:
            raise DataProcessingError(
                f"{plan.settings.output}/{ITEMS}/{shard.part} {why}; remove "
                f"{plan.settings.state_folder / shard.name}.json and run shard {shard.number} again"
            )
        reports.append(report)
    return reports


def _rest(plan: Plan, storage: Storage, once: Deduplicated, changes: ChangeCollector) -> Rest | None:
    if not plan.settings.is_api:
        return None
    from stac_ingest.sharding.deduplicate import keys_of  # noqa: PLC0415 - same
    from stac_ingest.sharding.rest import read_rest  # noqa: PLC0415 - files need no HTTP client

    each = [shard.ingest for shard in once.shards]
    parts = [*(shard.part for shard in once.shards if shard.part is not None), *once.kept]
    items = sum(part.items for part in parts) + sum(one.ingest_failures + one.stage_failures for one in each)
    items += sum(one.filtered for one in each)
    return read_rest(
        plan, storage, keys_of(storage, parts), items, changes=changes, spent=sum(one.requests for one in each)
    )


def _report(
    plan: Plan, once: Deduplicated, parts: list[Part], changes: ChangeCollector, rest: Rest | None
) -> CollectionReport:
    shards, kept = once
    each = [shard.ingest for shard in shards]
    items, failures = sum(part.items for part in parts), sum(one.ingest_failures + one.stage_failures for one in each)
    duplicates = sum(shard.ingest.duplicates + shard.removed for shard in shards)
    # An API's own count of all; of files, what their shards have seen, each once.
    seen = sum(one.expected or 0 for one in each) - sum(shard.removed for shard in shards)
    expected = plan.total if plan.settings.is_api else seen
    if rest is not None and rest.matched is not None:
        expected = rest.matched
    filtered = sum(one.filtered for one in each)
    if expected is not None and plan.settings.is_api:
        expected -= filtered  # the server counts what was left out here
    verdict, reason = verdict_of(items, expected, duplicates, changes.items)
    if filtered:
        reason += f"; {counted(filtered, 'other was', 'others were')} filtered out"
    if failures:
        verdict, reason = "truncated", f"{counted(items, 'item')} came, and {failures:,} could not be used"
    elif not seen and not filtered and any(one.passed_over for one in each):
        # As the module has it: who gives a catalog wants its items.
        verdict, reason = "truncated", "no item could be read: the files hold none; give the folder of the items"
    return CollectionReport(
        verdict=verdict,
        reason=reason,
        source=plan.settings.source,
        collection=plan.settings.collection,
        shards=len(shards),
        items=items,
        expected=expected,
        matched=plan.total if plan.counts_items and plan.settings.is_api else None,
        strays=sum(shard.strays for shard in shards),
        kept_strays=sum(part.items for part in kept),
        duplicates=duplicates,
        overlaps=sum(one.overlaps for one in each),
        filtered=filtered,
        changed_items=changes.items,
        changes=changes.changes,
        null_members=changes.null_members,
        failures=failures,
        requests=sum(one.requests for one in each) + (rest.requests if rest else 0),
        retries=sum(one.retries for one in each),
        seconds=round(sum(one.seconds for one in each), 3),
        failed=[NamedFailure(**one.model_dump()) for shard in shards for one in shard.failures][:NAMED],
        notes=list(
            dict.fromkeys([*plan.notes, *(note for one in each for note in one.notes), *(rest.notes if rest else [])])
        ),
    )


def _write(plan: Plan, storage: Storage, name: str, text: str) -> None:
    """Write a document of the whole: into the state folder too where the output is on object storage."""
    if not is_object_storage(plan.settings.output):
        write_text(Path(storage.root) / name, text)
        return
    local = plan.settings.state_folder / name
    write_text(local, text)
    copy = local.with_name(f".{name}.upload")
    copy.write_text(text, encoding="utf-8")
    storage.move_in(copy, name)
