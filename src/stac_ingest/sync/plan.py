"""The plan of a sync: tasks that read a part of the source each, and what is known when all have ended."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stac_ingest.sharding.plan import Record, Words


class Covered(Record):
    """Items of which a task, ended whole, has seen each one that the source has, if only by its id.

    A held item that is covered and was not seen is gone. An item is covered by its own instant, see `own_instant`;
    or by the number of the file that it was in.
    """

    start: int | None = Field(
        default=None, description="microseconds since 1970, itself included; none is an open start"
    )
    before: int | None = Field(default=None, description="the same, itself excluded; none is an open end")
    undated: bool = Field(default=False, description="whether items without an instant are covered, too")
    origins: list[int] | None = Field(
        default=None,
        description="numbers of files; where they are given, instants don't matter, and items elsewhere aren't covered",
    )
    by_file: bool = Field(
        default=True,
        description="whether it is known which files held items are in; where not, a file that can't be read leaves a "
        "doubt on all of them",
    )


class Task(Record):
    """A part of the source that is read by one process."""

    number: int = Field(ge=0)
    reader: Literal["items", "files", "documents", "api_items", "api_ids"] = Field(
        description="which reader it is for, see `readers`"
    )
    what: dict[str, Any] = Field(description="what is read, in the reader's own terms")
    covers: list[Covered] = Field(default=[], description="what is known to be gone, should the task not see it")
    expected: int | None = Field(default=None, description="items that are expected, where the source says so")


class SyncPlan(Record):
    """What is to be read, and what can be concluded from it."""

    generation: int = Field(ge=1)
    detector: str
    tasks: list[Task]
    unverified: list[Words] = Field(
        default=[], description="what this run can't tell of the source, in words; the verdict isn't `complete` then"
    )
    server_date: int | None = Field(
        default=None, description="the source's own time before anything was read, in microseconds since 1970"
    )
    remembered: dict[str, Any] = Field(default={}, description="what the detector wants to know in the next run; small")
    matched: int | None = Field(default=None, description="items that the source says it has in all, where it does")
    requests: int = Field(default=0, description="that planning took")
    notes: list[Words] = Field(default=[], description="remarks on how the source was looked at")
