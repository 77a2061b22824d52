"""What is kept in step with what, and how."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from stac_ingest.config import IngestConfig
from stac_ingest.core.text import is_encodable
from stac_ingest.pipeline import Modifier
from stac_ingest.sharding.plan import Record
from stac_ingest.stores.urls import store_kind
from stac_ingest.sync.partitions import Scheme
from stac_ingest.transforms import TransformSettings
from stac_ingest.transforms.modifiers import modifiers_of

Gone = Literal["remove", "keep", "mark"]


class SyncSettings(Record):
    """The settings of a sync."""

    source: dict[str, Any] = Field(description="the settings of the ingest: what is read, and how")
    transforms: dict[str, Any] | None = Field(
        default=None, description="what becomes of the items on their way, see `transforms`"
    )
    output: Path = Field(description="the folder that is kept in step")
    partition: Scheme = Field(default="month", description="by what items are put into folders; fixed by the first run")
    gone: Gone = Field(
        default="remove",
        description="what becomes of items that the source has no more: they are removed; kept; or kept with the "
        "property `deprecated` set to true",
    )
    look_back: float = Field(
        default=7,
        ge=0,
        le=36500,
        allow_inf_nan=False,
        description="days before the last run from which changes are looked for",
    )
    grace: float = Field(
        default=24,
        ge=0,
        le=24 * 3650,
        allow_inf_nan=False,
        description="hours for which replaced parts stay, for readers that began before",
    )
    copy_to: str | None = Field(
        default=None, description="a prefix of an object store, where a copy of the output is kept in step for readers"
    )
    ids_only: bool = Field(
        default=False,
        description="compare ids alone where nothing tells which items have changed: changed items are not found then, "
        "and the verdict says so",
    )
    allow_empty: bool = Field(
        default=False,
        description="remove all items where the source has none of them and no others; else that is taken for a fault",
    )
    verify: bool = Field(default=False, description="read and compare every item, whatever the source says has changed")
    task_items: int = Field(default=50_000, ge=1, description="about how many items a task reads")
    part_items: int = Field(default=100_000, ge=1, description="about how many items a part holds")

    @field_validator("output", mode="before")
    @classmethod
    def _is_a_folder(cls, output: object) -> object:
        if re.match(r"(?i)[a-z][a-z0-9+.-]+:/", str(output)):  # of a URL that was made a path, one slash is left
            raise ValueError(
                "a sync needs a folder of this machine; give one, and the URL of the store by copy_to (--copy-to)"
            )
        if str(output) == "":
            raise ValueError("it is empty; give a folder")
        if not is_encodable(str(output)):
            raise ValueError("its name isn't UTF-8, in which tables are written; give another folder")
        if str(output) == "-":
            raise ValueError("a sync isn't written to standard output; give a folder")
        return output

    @field_validator("copy_to")
    @classmethod
    def _is_a_prefix(cls, copy_to: str | None) -> str | None:
        if copy_to is not None and store_kind(copy_to) is None:
            raise ValueError("give a prefix of an object store, such as s3://bucket/prefix/")
        return copy_to

    @property
    def config(self) -> IngestConfig:
        """The settings of the ingest.

        Raises:
            ConfigurationError: one of them is wrong.

        """
        return IngestConfig.parse(self.source)

    def modifiers(self) -> list[Modifier]:
        """Make what changes the items on their way.

        Raises:
            ConfigurationError: one of the transforms can't be used.

        """
        return [] if self.transforms is None else modifiers_of(TransformSettings.parse(self.transforms))[1]

    @property
    def look_back_time(self) -> dt.timedelta:
        """The time before the last run from which changes are looked for."""
        return dt.timedelta(days=self.look_back)

    @property
    def state(self) -> Path:
        """The hidden folder of what isn't for readers."""
        return self.output / ".sync"
