"""Which database items are loaded into, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from stac_ingest.core.annotations import Limits
from stac_ingest.core.settings import Settings

Method = Literal["insert", "ignore", "upsert", "replace"]


@dataclass(init=False, frozen=True)
class DatabaseSettings(Settings):
    """Where a pgstac is, and what becomes of items that are there already."""

    database: str = ""
    """`postgresql://user@host/name`, or `host=... dbname=...`; what it doesn't say is taken from PGHOST, PGPASSWORD,
    ~/.pgpass and whatever else libpq reads"""
    method: Method = "upsert"
    """an item that is there already is a failure (`insert`), stays as it is (`ignore`), is written where it differs
    (`upsert`), or is always written anew (`replace`)"""
    connections: Annotated[int, Limits(ge=1, le=16)] = 2
    """connections that load at once"""
    partition: Literal["none", "year", "month"] = "none"
    """how collections that are made are partitioned; one that is there keeps its own way"""
    collections: str | None = None
    """a file of collections, a JSON document or NDJSON, for those that the database doesn't have yet"""
