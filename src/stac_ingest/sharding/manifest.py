"""What an ingest in shards leaves behind beside its items."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from stac_ingest.completeness import CompletenessReport, Verdict
from stac_ingest.sharding.plan import Plan, Record, Shard, Words
from stac_ingest.sharding.settings import ShardedIngest

MANIFEST_VERSION: Literal[1] = 1
MANIFEST = "manifest.json"
STRAYS, REST = "part-strays.parquet", "part-rest.parquet"
"""Parts of what came in another shard than its own, and of what came in none and was read in the end."""
SCRATCH = ".scratch"
"""Where shards write, below the state folder, until what they write is whole."""
NAMED = 100
"""Failures that a report names."""


class Part(Record):
    """A file of the output."""

    path: str = Field(description="below the folder or prefix of the output")
    items: int
    bytes: int
    sha256: str


class NamedFailure(Record):
    """One thing that could not be used."""

    origin: Words
    error: Words


class ShardReport(Record):
    """What one shard delivered."""

    shard: int
    identity: str = Field(description="hash of what the shard was to read, and where to")
    part: Part | None = Field(description="what it wrote; none where there was nothing to write")
    hashes: str | None = Field(
        default=None, description="SHA-256 of the file with hashes of its items; none where it can't be used any more"
    )
    strays: int = Field(description="items that came and belong to another shard; the last job looks for them there")
    removed: int = Field(default=0, description="items that the last job took out, since an earlier shard has them too")
    removed_by: str | None = Field(default=None, description="the digest of the plan under which these are elsewhere")
    failures: list[NamedFailure] = Field(description="the first of them; all are counted in `ingest`")
    host: str = Field(description="the machine, or the node of a cluster, that it ran on")
    started_at: float = Field(description="seconds since 1970")
    ended_at: float = Field(description="seconds since 1970; its part was in its place by then")
    ingest: CompletenessReport


class Deduplicated(NamedTuple):
    """The reports as they are once each item is in one part, and the parts that were added."""

    shards: list[ShardReport]
    kept: list[Part]


class CollectionReport(Record):
    """Whether the whole was delivered, and the sums that say so."""

    version: Literal[1] = MANIFEST_VERSION
    verdict: Verdict
    reason: str = Field(description="the verdict in words")
    source: str
    collection: str | None
    shards: int
    items: int = Field(description="distinct items in the output")
    expected: int | None = Field(description="how many there should be, where the source says so or all were seen")
    matched: int | None = Field(description="the server's `numberMatched` when the ingest was planned")
    strays: int = Field(description="items that came in a shard that they don't belong to, each time they did")
    kept_strays: int = Field(description="of these: items that came in no other shard, kept in a part of their own")
    duplicates: int = Field(description="items that came again, within a shard or in a later one, and were left out")
    filtered: int = Field(
        default=0, description="items of files that the filters left out, where they lay among others in a shard"
    )
    changed_items: int = Field(
        default=0, description="items with a value that was altered or left out; see notes.ndjson"
    )
    changes: int = Field(default=0, description="values that were altered or left out")
    null_members: int = Field(default=0, description="null members that the output can't hold and left out")
    overlaps: int = Field(default=0, description="items that came in two parts of a shard's search, and were left out")
    failures: int
    requests: int
    retries: int
    seconds: float = Field(description="of all shards together")
    failed: list[NamedFailure] = Field(description="the first failures")
    notes: list[str]


class Manifest(Record):
    """What the output holds."""

    version: Literal[1] = MANIFEST_VERSION
    format: Literal["stac-geoparquet"] = "stac-geoparquet"
    source: str
    collection: str | None
    asked: dict[str, Any] = Field(description="which items of the source were asked for")
    verdict: Verdict
    items: int
    bytes: int
    parts: list[Part]


def report_path(settings: ShardedIngest, shard: Shard) -> Path:
    """Return the path of a shard's report."""
    return settings.state_folder / f"{shard.name}.json"


def strays_path(settings: ShardedIngest, shard: Shard) -> Path:
    """Return the path of the items that a shard received and that belong to another one."""
    return settings.state_folder / f"{shard.name}.strays.ndjson"


def hashes_path(settings: ShardedIngest, shard: Shard) -> Path:
    """Return the path of the hashes of a shard's items, in the order of their rows."""
    return settings.state_folder / f"{shard.name}.hashes"


def notes_path(settings: ShardedIngest, shard: Shard) -> Path:
    """Return the path of what a shard has noted of values that were altered or left out."""
    return settings.state_folder / f"{shard.name}.notes.ndjson"


def read_shard_report(plan: Plan, shard: Shard) -> ShardReport | None:
    """Return a shard's report; None where there is none for this very shard."""
    try:
        report = ShardReport.model_validate_json(report_path(plan.settings, shard).read_bytes())
    except (OSError, ValidationError):
        return None
    if report.removed and report.removed_by != plan.digest:
        return None  # what was taken out, since an earlier shard had it too, may be nowhere else by now
    return report if report.identity == plan.identity(shard) else None
