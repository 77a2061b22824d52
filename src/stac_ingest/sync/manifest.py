"""What the output holds: the one file that readers go by. It is replaced in one step when a run is published."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from stac_ingest.completeness import Verdict
from stac_ingest.sharding.manifest import Part
from stac_ingest.sharding.plan import Record
from stac_ingest.sources.synced import PART, VERSION
from stac_ingest.sync.partitions import Scheme


class Partition(Record):
    """What a partition holds."""

    number: int
    folder: str = Field(description="below `items/`")
    items: int
    parts: list[Part] = Field(description="their place in this list is what the index calls them by")
    index: str = Field(
        pattern=r"\Aindex/-?\d+-\d+\.npy\z", description="the file of what is known of each item, below `.sync/`"
    )

    @field_validator("parts")
    @classmethod
    def _are_parts(cls, parts: list[Part]) -> list[Part]:
        for part in parts:
            if not PART.fullmatch(part.path):
                raise ValueError(f"{part.path!r:.80} is no part of a sync")
        return parts


class Retired(Record):
    """A part that was replaced, and stays for readers that began before."""

    path: str
    until: float = Field(description="seconds since 1970; it may be deleted then")


class Counts(Record):
    """What a run has found."""

    added: int = 0
    changed: int = 0
    moved: int = Field(default=0, description="of those changed: items that are in another partition now")
    gone: int = 0
    returned: int = Field(default=0, description="of those changed: items that were gone, and kept or marked")
    unchanged: int = Field(default=0, description="items that were read and are as they were")
    failures: int = 0


class SyncManifest(Record):
    """What the output holds, and how it came to that."""

    version: Literal[2] = VERSION
    format: Literal["stac-geoparquet"] = "stac-geoparquet"
    generation: int = Field(ge=1, description="the run that published this; one more each time")
    output: str | None = Field(
        default=None, description="a random text of the first run, which tells this output from others of the source"
    )
    source: str
    asked: dict[str, Any] = Field(description="which items of the source were asked for")
    partition: Scheme
    verdict: Verdict
    reason: str = Field(description="the verdict in words")
    items: int
    bytes: int
    started_at: float = Field(description="seconds since 1970")
    server_date: int | None = Field(default=None, description="microseconds since 1970, by the source's clock")
    unsettled: bool = Field(default=False, description="whether the run could not read all that it planned")
    remembered: dict[str, Any] = Field(default={}, description="what the detector of changes wants to know again")
    memories: str | None = Field(
        default=None,
        pattern=r"\Amemories/\d+\z",
        description="the folder of the detector's larger memories, below `.sync/`",
    )
    counts: Counts
    journal: str | None = Field(default=None, description="the file that names what this run changed, below the output")
    failures: str | None = Field(
        default=None, description="the file that names what this run could not read or write, below the output"
    )
    partitions: list[Partition]
    retired: list[Retired] = Field(default=[], description="parts that aren't named any more, and are still there")
