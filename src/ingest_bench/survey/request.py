"""What `snakemake measure --config ...` takes."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingest_bench.errors import SettingsError
from stac_ingest.core.file_urls import path_of_file_url
from stac_ingest.core.messages import all_in_one_line
from stac_ingest.http.urls import display, holds_credentials, is_loopback, is_web_address
from stac_ingest.sources.kind import is_stored, is_url, is_web_catalog


class MeasureRequest(BaseModel):
    """A source to measure, and how much that may take."""

    # An id made of digits comes from a command line as a number.
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    source: str = Field(
        min_length=1,
        description="a folder of item files, GeoParquet (a file or a folder), the `catalog.json` of a static catalog, "
        "or the root URL of a STAC API",
    )
    collection: str | None = Field(default=None, description="of an API: which collection to read")
    requests: int | None = Field(
        default=None,
        ge=1,
        description="of an API that isn't this machine's own: how many requests it may be sent in all; else none",
    )
    requests_per_second: float | None = Field(
        default=None, gt=0, le=50, description="of such an API: requests started per second; 10 unless said otherwise"
    )
    max_in_flight: int | None = Field(
        default=None, ge=1, le=50, description="of such an API: requests at once; 4 unless said otherwise"
    )
    as_remote: bool = Field(default=False, description="treat an API of this machine as one that isn't, to try it out")
    budget_minutes: float = Field(
        default=2, ge=0.1, description="for measuring, reading the part for its reference included"
    )
    tolerance: float = Field(default=0.05, gt=0, lt=0.5, description="the loss of throughput that matters, as a share")
    seed: int = Field(default=20260210, ge=0, description="by which a part of a large source is chosen")
    results: str = Field(default="results/measure", min_length=1, description="folder for everything made")

    @field_validator("source")
    @classmethod
    def _one_form(cls, value: str) -> str:
        path = path_of_file_url(value)
        return path if "://" in path else str(Path(path))

    @property
    def is_api(self) -> bool:
        """Whether a server is asked."""
        return is_url(self.source)

    @property
    def is_remote(self) -> bool:
        """Whether it is one that is asked only as much as is allowed."""
        return self.is_api and (self.as_remote or not is_loopback(self.source))

    @property
    def fingerprint(self) -> str:
        """Tells this request from every other one."""
        return sha256(self.model_dump_json().encode()).hexdigest()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.is_api:
            return self
        for name in ("collection", "requests", "requests_per_second", "max_in_flight", "as_remote"):
            if getattr(self, name) not in (None, False):
                raise ValueError(f"{name}: for an API alone, and the source is a path; leave it out")
        return self

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> Self:
        """Read settings.

        Raises:
            SettingsError: naming each wrong setting and what to do. A URL isn't repeated with what may be secret in it.

        """
        source = settings.get("source")
        if isinstance(source, str) and "://" in source:
            _check_url(source)
        try:
            return cls.model_validate(dict(settings))
        except ValidationError as error:
            raise SettingsError(all_in_one_line(error, cls)) from None


def _check_url(source: str) -> None:
    if source.lower().startswith("file:"):
        return
    if is_url(source) and not is_web_address(source):
        raise SettingsError("source: not a web address; expected https://host/path")
    if is_web_catalog(source) or is_stored(source) or not is_url(source):
        what = "a static catalog on a web server" if is_web_catalog(source) else "a source of this kind"
        raise SettingsError(
            f"source: {display(source, source=True)}: {what} isn't measured; copy some of it here, and give its path"
        )
    if holds_credentials(source):
        raise SettingsError(
            f"source: {display(source, source=True)} is given with credentials, which results would repeat; put them "
            "into STAC_INGEST_TOKEN"
        )
