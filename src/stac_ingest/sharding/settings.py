"""What `snakemake ingest --config ...` and `plan_ingest` take."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stac_ingest.config import (
    MODEST_BUDGET,
    Fields,
    Geometry,
    Ids,
    IngestConfig,
    Names,
    RequestBudget,
    WorkerStrategy,
    time_as_text,
)
from stac_ingest.core.file_urls import local_path, path_of_file_url
from stac_ingest.core.messages import all_in_one_line
from stac_ingest.errors import ConfigurationError
from stac_ingest.http.urls import display, holds_credentials, is_loopback, not_allowed
from stac_ingest.sources.kind import api_kind, is_stored, is_url, not_read, shown
from stac_ingest.sources.usable_settings import api_settings, check_output
from stac_ingest.sources.wanted import filter_of

ITEMS = 50_000
"""Items of a shard where nobody says otherwise: some ten seconds of work, against about one to start a job."""
STATE = "shards"
AT_ONCE = 2
"""Jobs that ask one API at the same time, where nobody says otherwise."""


def too_many_jobs(jobs: int | None, max_in_flight: int | None) -> str | None:
    """Return what is wrong if more jobs than requests may run at once, else None."""
    if jobs is None or max_in_flight is None or jobs <= max_in_flight:
        return None
    return f"jobs={jobs} can't share max_in_flight={max_in_flight}; use at most {max_in_flight} jobs"


class ShardedIngest(BaseModel):
    """A source, an output, and how the way between them is cut into jobs."""

    # A year or an id made of digits comes from a command line as a number.
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    source: str = Field(
        min_length=1,
        description="a folder of item files, or GeoParquet files (a file or a folder), here or at s3://bucket/prefix; "
        "or the root URL of a STAC API",
    )
    output: str = Field(min_length=1, description="a folder, or s3://bucket/prefix")
    state: str | None = Field(
        default=None, description="with an output on object storage: the local folder for plan and certificates"
    )
    shards: int | None = Field(default=None, ge=1, le=100_000, description="how many; else by `items_per_shard`")
    items_per_shard: int = Field(default=ITEMS, ge=1, description="about; what can't be cut finer stays whole")
    jobs: int | None = Field(default=None, ge=1, description="shards that may run at once; a host's limits are split")

    format: Literal["json", "ndjson", "parquet"] | None = Field(
        default=None, description="of files: which to read where a folder holds several kinds"
    )
    hrefs: Literal["keep", "absolute"] = Field(
        default="keep", description="relative hrefs: kept, or made absolute from where the item came from"
    )
    exact_numbers: bool = Field(
        default=True, description="look for whole numbers beyond 64 bits in every text, not in a sample"
    )
    collection: str | None = Field(default=None, description="only its items; and those of files that say none")
    collections: Names = Field(default=None, description="the same for several; an API without either is read whole")
    ids: Ids = Field(default=None, description="of files: only items of these ids: ID,ID or @FILE")
    bbox: list[float] | None = Field(default=None, description="only items that reach into it: west,south,east,north")
    intersects: Geometry = Field(default=None, description="only items whose geometry meets it: GeoJSON, or a file")
    datetime: str | None = Field(default=None, description="only items of this time: 2024, 2024-05-01/..")
    query: dict[str, Any] | None = Field(
        default=None, description='only items with such properties: {"eo:cloud_cover": {"lt": 10}}'
    )
    filter: str | dict[str, Any] | None = Field(default=None, description="only items of which this CQL2 holds")
    fields: Fields = Field(default=None, description="members of the items: NAME, or without them: -NAME")
    limit: int = Field(default=100, ge=1, le=10_000, description="of an API: items a page")
    concurrency: int | Literal["auto"] = Field(default="auto", description="units of work under way at once in a shard")
    worker_strategy: WorkerStrategy | None = Field(default=None, description="how these are driven")
    headers_file: str | None = Field(default=None, description="of an API: headers to send to it")
    allow_remote: bool = Field(default=False, description="ask servers other than this machine's own")
    max_requests: int | None = Field(
        default=None, ge=1, description="of an API: requests in all, for one run of each shard"
    )
    requests_per_second: float | None = Field(default=None, gt=0, description="of an API: over all jobs")
    max_in_flight: int | None = Field(default=None, ge=1, description="of an API: over all jobs")

    s3_endpoint: str | None = Field(default=None, description="of object storage; else AWS_ENDPOINT_URL")
    s3_anonymous: bool = Field(default=False, description="use no credentials, though the environment has none either")

    @field_validator("source")
    @classmethod
    def _one_form(cls, value: str) -> str:
        path = path_of_file_url(value)
        return path if "://" in path else str(Path(path))

    @field_validator("output")
    @classmethod
    def _is_written_to(cls, output: str) -> str:
        if is_object_storage(output):
            return output
        try:
            return str(local_path(output))
        except ValueError as error:
            raise ValueError(f"{error}; give a folder, or s3://bucket/prefix") from None

    @field_validator("state")
    @classmethod
    def _is_local(cls, state: str | None) -> str | None:
        return None if state is None else str(local_path(state))

    @field_validator("datetime", mode="before")
    @classmethod
    def _datetime_as_text(cls, value: Any) -> Any:
        return time_as_text(value)

    @field_validator("bbox", mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.is_api and self.ids is not None:
            raise ValueError("ids: of an API these are few items, which stac-ingest reads in one run; leave it out")
        if self.state is not None and not is_object_storage(self.output):
            raise ValueError("state belongs to an output on object storage; a folder keeps its own")
        if is_object_storage(self.output) and self.state is None:
            raise ValueError("state is missing: a local folder for the plan and the certificates (state=...)")
        others = [name for name in self.model_dump(exclude_defaults=True) if name in api_settings()]
        if not self.is_api and others:
            raise ValueError(f"{', '.join(others)}: for an API alone, and the source is files; leave it out")
        if problem := too_many_jobs(self.jobs, self.budget.max_in_flight):
            raise ValueError(problem)
        return self

    @property
    def is_api(self) -> bool:
        """Whether the source is an API."""
        return is_url(self.source)

    @property
    def at_once(self) -> int | None:
        """Shards that may run at once; None where only the machine bounds them."""
        if self.jobs is not None or not self.is_api:
            return self.jobs
        return min(AT_ONCE, self.budget.max_in_flight or AT_ONCE)

    @property
    def state_folder(self) -> Path:
        """Where the plan and the certificates of the shards are."""
        return Path(self.state) if self.state is not None else Path(self.output) / STATE

    @property
    def budget(self) -> RequestBudget:
        """What may be asked of the API in all; modest where it isn't this machine's own and nothing else is said."""
        given = {name: value for name in MODEST_BUDGET if (value := getattr(self, name)) is not None}
        remote = self.is_api and not is_loopback(self.source)
        return RequestBudget(**{**(MODEST_BUDGET if remote else {}), **given})

    @property
    def what(self) -> dict[str, Any]:
        """Which items are asked for: two runs that differ here can't share an output."""
        always = {"source", "collection", "bbox", "datetime", "query"}
        later = ("format", "hrefs", "collections", "ids", "intersects", "filter", "fields")
        given = {name for name in later if getattr(self, name) != type(self).model_fields[name].default}
        return self.model_dump(include=always | given)

    def config(self, budget: RequestBudget | None = None, **more: Any) -> IngestConfig:
        """Return the settings of one run that reads this source.

        Args:
            budget: a shard's share of what the API allows; None stands for the whole.
            **more: settings of `IngestConfig` that take the place of these.

        Returns:
            Checked settings.

        Raises:
            ConfigurationError: they don't fit together.

        """
        mode = "api" if self.is_api else "file"
        # Shards run side by side as it is; within one, a file after another is the quickest.
        settings: dict[str, Any] = {"mode": mode, "source": self.source, "concurrency": self.concurrency}
        settings |= {"bbox": self.bbox, "datetime": self.datetime, "query": self.query}
        settings |= {"collections": self.collections, "ids": self.ids, "intersects": self.intersects}
        settings |= {"filter": self.filter, "fields": self.fields}
        settings |= {"hrefs": self.hrefs, "exact_numbers": self.exact_numbers}
        settings["collection_id"] = self.collection
        if self.worker_strategy is not None:
            settings["worker_strategy"] = self.worker_strategy
        if kind := api_kind(self.source):
            settings |= self.model_dump(include={*IngestConfig.names()} & {*kind.settings})
            settings["budget"] = budget or self.budget
        return IngestConfig.parse(settings | more)

    @classmethod
    def parse(cls, settings: dict[str, Any]) -> ShardedIngest:
        """Read and check settings.

        Args:
            settings: the fields of this class by name, as `snakemake ingest --config` gives them.

        Returns:
            The settings, of which source and output are known to be apart and allowed to be read.

        Raises:
            ConfigurationError: names each wrong setting and what to do.

        """
        if "transforms" in settings:
            raise ConfigurationError("transforms: an ingest in shards takes none; stac-ingest does, in one run")
        if "sortby" in settings:
            raise ConfigurationError("sortby: shards are read beside each other, in no order; leave it out")
        source = settings.get("source")
        if isinstance(source, str) and is_stored(source) and not is_object_storage(source):
            raise ConfigurationError(
                f"source: {shown(source)} is cut into no shards; `stac-ingest` reads it in one run"
            )
        if isinstance(source, str) and is_url(source):
            if (why := not_read(source)) is not None:
                raise ConfigurationError(why)
            if holds_credentials(source):
                raise ConfigurationError(
                    f"source: {display(source, source=True)} is given with credentials, which plan and logs would "
                    "repeat; put them into STAC_INGEST_TOKEN or a file (headers_file=...)"
                )
            from stac_ingest.api.pasted import with_pasted  # noqa: PLC0415 - files don't need it

            settings = with_pasted(settings, cls.model_fields, "collection")
        try:
            ingest = cls.model_validate(settings)
        except ValidationError as error:
            raise ConfigurationError(all_in_one_line(error, cls)) from None
        if ingest.is_api and not is_loopback(ingest.source) and not ingest.allow_remote:
            raise ConfigurationError(not_allowed(display(ingest.source, source=True), "allow_remote=true"))
        filter_of(ingest.config())
        if not ingest.is_api and not any(map(is_object_storage, (ingest.source, ingest.output))):
            check_output(ingest.source, ingest.output)
        return ingest


def is_object_storage(place: str) -> bool:
    """Return whether a place is a bucket rather than a folder."""
    return place.lower().startswith("s3://")
