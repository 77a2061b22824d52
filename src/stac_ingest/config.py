"""The settings of an ingest run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stac_ingest.core.registry import OneOf
from stac_ingest.errors import ConfigurationError
from stac_ingest.strategies import STRATEGIES, worker_strategies

WorkerStrategy = Annotated[str, OneOf(worker_strategies)]
"""The name of a strategy that drives several units at once."""

MAX_CONCURRENCY = 50


def time_as_text(value: Any) -> Any:
    """Return a time as a user wrote it, about: YAML makes a number of `2024`, and an object of `2024-05-01`."""
    if isinstance(value, dt.date):  # one with a time of day is one, too
        return value.isoformat()
    return str(value) if type(value) is int else value


class RequestBudget(BaseModel):
    """How much of a server a run may use. None means no bound of that kind."""

    model_config = ConfigDict(extra="forbid")

    max_requests: int | None = Field(default=None, ge=1, description="requests in all, retries included")
    requests_per_second: float | None = Field(default=None, gt=0, description="requests started per second")
    max_in_flight: int | None = Field(default=None, ge=1, description="requests under way at once")


MODEST_BUDGET = {"max_requests": 500, "requests_per_second": 2.0, "max_in_flight": 2}
"""The budget for a server that isn't this machine's, unless the user sets another."""


class IngestConfig(BaseModel):
    """What to ingest, and how.

    The first block is what stac-manager's `IngestConfig` has; the second says how the work is driven. With the defaults
    of the second block the module does what it did without them.
    """

    model_config = ConfigDict(extra="forbid")
    RENAMED: ClassVar[Mapping[str, str]] = {"max_response_mb": "max_response_mib"}
    """The present name of each setting that had another one in the last release."""

    mode: Literal["file", "api"] = Field(description="read files, or ask a STAC API")
    source: str = Field(min_length=1, description="a path (file mode) or the root URL of an API (api mode)")
    source_type: Literal["auto", "file", "items_directory", "collection"] = Field(
        default="auto", description="what the path is; `auto` looks"
    )
    format: Literal["json", "ndjson", "parquet"] | None = Field(
        default=None, description="of the files; by suffix when unset"
    )
    collection_id: str | None = Field(
        default=None,
        description="api mode: which to read; else taken from the context's data. File mode: keep its items, and those "
        "that say no collection",
    )
    bbox: list[float] | None = Field(
        default=None, description="keep items that reach into this box: west, south, east, north (or 6, with heights)"
    )
    datetime: str | None = Field(
        default=None, description="keep items that touch this time: `2024`, `2024-05-01T00:00:00Z/..`"
    )
    query: dict[str, Any] | None = Field(
        default=None, description='keep items with such properties: `{"eo:cloud_cover": {"lt": 10}}`'
    )
    limit: int = Field(default=100, ge=1, le=10_000, description="items a page (api mode)")
    max_items: int | None = Field(default=None, ge=1, description="stop after so many items")

    concurrency: int | Literal["auto"] = Field(
        default=1,
        description="units of work under way at once. `auto`: an API is asked as much at once as it turns out to bear; "
        "files are read one after another, with the next on its way",
    )
    worker_strategy: WorkerStrategy = Field(default="semaphore", description="how the units are driven")
    read_ahead: bool | Literal["auto"] = Field(
        default="auto",
        description="file mode: have the kernel load the next files; api mode: ask for the next page before the items "
        "of this one are decoded. `auto`: files when they turn out to be cold, pages always",
    )
    retry: Literal["wait", "none"] = Field(
        default="wait",
        description="`wait`: honour Retry-After and try again within the budget; `none`: a refused or failed request "
        "is a failure at once, and checkpoints bring it back in a later run",
    )
    retry_attempts: int = Field(default=6, ge=1, le=100, description="tries for one request, the first included")
    retry_seconds: float = Field(default=120.0, gt=0, description="seconds that one request may spend on waiting")
    timeout: float = Field(default=60.0, gt=0, description="seconds for one response, whole")
    max_response_mib: int = Field(default=256, ge=1, description="largest response or JSON file accepted, MiB")
    hrefs: Literal["keep", "absolute"] = Field(
        default="keep",
        description="relative hrefs of links and assets: `keep` them, though they lead nowhere from another place, or "
        "make them `absolute`, from where the item came from, which a `self` link then names",
    )
    exact_numbers: bool = Field(
        default=False,
        description="look for whole numbers beyond 64 bits in every text, not in a sample until the first was found",
    )
    headers_file: str | None = Field(
        default=None,
        description="api mode: a file of headers to send to the source and to no other origin, `Name: value` a line",
    )
    budget: RequestBudget = Field(default_factory=RequestBudget, description="how much of the server to use")

    @model_validator(mode="before")
    @classmethod
    def _present_names(cls, found: Any) -> Any:
        if not isinstance(found, dict) or not cls.RENAMED.keys() & found.keys():
            return found
        from stac_ingest.core.renamed import with_present_names  # noqa: PLC0415 - few settings have an old name

        return with_present_names(found, cls.RENAMED)

    @field_validator("source")
    @classmethod
    def _path_of_url(cls, value: str) -> str:
        if not value.lower().startswith("file:/"):
            return value
        from stac_ingest.core.file_urls import path_of_file_url  # noqa: PLC0415 - most sources are paths

        return path_of_file_url(value)

    @field_validator("datetime", mode="before")
    @classmethod
    def _datetime_as_text(cls, value: Any) -> Any:
        return time_as_text(value)

    @field_validator("concurrency")
    @classmethod
    def _few_enough(cls, value: int | str) -> int | str:
        if value != "auto" and not 1 <= int(value) <= MAX_CONCURRENCY:
            raise ValueError(f"use 1 to {MAX_CONCURRENCY}, or 'auto'")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if STRATEGIES[self.worker_strategy].api_only and self.mode != "api":
            raise ValueError(f"worker_strategy '{self.worker_strategy}' is for APIs alone and needs mode 'api'")
        return self

    @property
    def workers(self) -> int:
        """Units of work under way at once, at most."""
        if self.concurrency != "auto":
            return self.concurrency
        return 1 if self.mode == "file" else min(MAX_CONCURRENCY, self.budget.max_in_flight or MAX_CONCURRENCY)

    @property
    def strategy(self) -> str:
        """How the units are driven: one at a time needs no workers, whatever their strategy would be."""
        if self.workers == 1:
            return "sequential"
        if self.concurrency == "auto" and "worker_strategy" not in self.model_fields_set:
            return "time_chunks"
        return self.worker_strategy

    @classmethod
    def parse(cls, settings: dict[str, Any] | IngestConfig) -> IngestConfig:
        """Read settings.

        Raises:
            ConfigurationError: naming each wrong setting, what was found and what is allowed.

        """
        if isinstance(settings, IngestConfig):
            return settings
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            from stac_ingest.core.messages import all_in_one_line  # noqa: PLC0415 - settings that are right need no words

            raise ConfigurationError(all_in_one_line(error, cls)) from None
