"""What of a catalog's documents a task reads."""

from __future__ import annotations

from pydantic import Field

from stac_ingest.sharding.plan import Record, Words


class DocumentsTask(Record):
    """Documents of items by their places in the memory of the run; or what the walk by links could not follow."""

    generation: int
    start: int = Field(default=0, description="the first of the documents")
    stop: int = Field(default=0, description="the one behind the last")
    refused: list[tuple[Words, Words]] = Field(default=[], description="links and documents that fail, and why")
