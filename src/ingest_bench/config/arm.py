"""An arm of a scenario: a way to ingest of this package's, or of the user's own."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from ingest_bench.arms import ArmKind, arm_kind, arm_names, register_arm
from ingest_bench.config.blocks import Strict, known, listed
from ingest_bench.config.server import Server
from ingest_bench.errors import SettingsError
from stac_ingest.config import MAX_CONCURRENCY
from stac_ingest.core.renamed import with_present_names

FetcherName = Annotated[
    str,
    AfterValidator(partial(known, arm_names, {"upstream": "stac_manager"})),
    Field(json_schema_extra=partial(listed, arm_names, arm_kind)),
]


class Arm(Strict):
    """A way to ingest, at the levels of concurrency it is measured at."""

    RENAMED: ClassVar = {"leaves_out": "skip"}

    fetcher: FetcherName = "ingest"
    command: str | None = Field(
        default=None, description="a command line, instead of fetcher: command with that command in its settings"
    )
    python: str | None = Field(
        default=None, description="a Python file of your own that declares the fetcher as ARM, instead of its name"
    )
    concurrency: list[int] = Field(default=[1], min_length=1)
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="what the fetcher takes: for the package's own ways the settings of IngestConfig",
    )
    server: Server | None = Field(default=None, description="instead of the scenario's")
    skip: Literal["output", "consumer"] | None = Field(
        default=None,
        description="what it does without of the scenario's pipeline: the output, or all behind the ingest",
    )
    label: str | None = Field(default=None, description="what the report calls it")
    known_defect: str | None = Field(
        default=None, description="why what it delivers is known to differ; it is measured, and shown struck through"
    )

    @model_validator(mode="before")
    @classmethod
    def _own(cls, given: Any) -> Any:
        """Put the fetcher in place that the user's own command, or file, stands for."""
        if not isinstance(given, Mapping):
            return given
        known = {name: value for name, value in given.items() if value is not None or name not in ("command", "python")}
        if {"command", "python"} <= known.keys() or {"command", "fetcher"} <= known.keys():
            raise ValueError("has two of fetcher, command and python; use one of them")
        settings = known.get("settings", {})
        if isinstance(known.get("command"), str) and isinstance(settings, Mapping):
            if "command" in settings:
                raise ValueError("has a command, and another one in its settings; use one of them")
            settings = {"command": known.pop("command"), **settings}
            return {**known, "fetcher": "command", "settings": settings}
        if isinstance(known.get("python"), str):
            try:
                name = register_arm(known["python"]).name
            except SettingsError as error:
                raise ValueError(str(error)) from None
            if known.get("fetcher", name) != name:  # results have both
                raise ValueError("has two of fetcher, command and python; use one of them")
            return {**known, "fetcher": name}
        return known

    @property
    def record(self) -> ArmKind:
        """What is known of its fetcher."""
        return arm_kind(self.fetcher)

    @property
    def programs(self) -> Mapping[str, str | None]:
        """By name, the version of each program that it needs; None for one that isn't there."""
        return self.record.programs(self.settings) if self.record.programs else {}

    @field_validator("concurrency")
    @classmethod
    def _levels(cls, levels: list[int]) -> list[int]:
        for level in levels:
            if not 1 <= level <= MAX_CONCURRENCY:
                raise ValueError(f"{level} is not allowed; use 1 to {MAX_CONCURRENCY}")
        if len(set(levels)) != len(levels):
            raise ValueError("a level is given twice")
        return levels

    @field_validator("settings")
    @classmethod
    def _present_settings(cls, given: dict[str, Any], others: ValidationInfo) -> Any:
        takes = arm_kind(others.data["fetcher"]).settings if "fetcher" in others.data else None
        return with_present_names(given, getattr(takes, "RENAMED", {}))

    @model_validator(mode="after")
    def _settings_have_a_taker(self) -> Self:
        if self.settings and self.record.settings is None:
            raise ValueError(f"fetcher {self.fetcher} takes no settings")
        return self
