"""What the command does to items between reading and writing them."""

from __future__ import annotations

import datetime as dt
import json
from hashlib import blake2b
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stac_ingest.core.messages import all_in_one_line
from stac_ingest.errors import ConfigurationError
from stac_ingest.transforms.batches import is_json

_NEEDED = "datetime"


class TransformSettings(BaseModel):
    """Which items are kept, and which of their properties are changed; in this order."""

    model_config = ConfigDict(extra="forbid")

    where: str | dict[str, Any] | None = Field(
        default=None, description="keep items that this expression holds of: CQL2 text, or CQL2 JSON"
    )
    rename_properties: dict[str, str] = Field(default_factory=dict, description="properties: old name to new name")
    drop_properties: list[str] = Field(default_factory=list, description="properties to take away")
    set_properties: dict[str, Any] = Field(default_factory=dict, description="properties to set, and their values")

    @field_validator("set_properties", mode="before")
    @classmethod
    def _times_as_text(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        # YAML makes an object of a date.
        return {name: one.isoformat() if isinstance(one, dt.date) else one for name, one in value.items()}

    @field_validator("set_properties")
    @classmethod
    def _values_of_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, one in value.items():
            if not is_json(one):
                raise ValueError(f"the value of {name!r:.60} can't be written as JSON")
        return value

    @model_validator(mode="after")
    def _keeps_what_is_needed(self) -> Self:
        if _NEEDED in self.drop_properties or self.rename_properties.get(_NEEDED, _NEEDED) != _NEEDED:
            raise ValueError(f"{_NEEDED} can't be dropped or renamed: every STAC item has it, and be it null")
        return self

    @classmethod
    def parse(cls, settings: Any) -> TransformSettings:
        """Read settings.

        Raises:
            ConfigurationError: naming each wrong setting, what was found and what is allowed.

        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise ConfigurationError(f"transforms: {all_in_one_line(error, cls)}") from None

    @property
    def mark(self) -> str:
        """Tell these settings from others: empty where nothing is done, else a digest of them."""
        given = self.model_dump(exclude_defaults=True)
        return blake2b(json.dumps(given, default=str).encode(), digest_size=16).hexdigest() if given else ""
