"""What the command does to items between reading and writing them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Annotated, Any, Self

from stac_ingest.core.annotations import After, Before
from stac_ingest.core.settings import Settings
from stac_ingest.errors import ConfigurationError
from stac_ingest.transforms.batches import is_json

_NEEDED = "datetime"


def _times_as_text(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    # YAML makes an object of a date.
    return {name: one.isoformat() if isinstance(one, dt.date) else one for name, one in value.items()}


def _values_of_json(value: dict[str, Any]) -> dict[str, Any]:
    for name, one in value.items():
        if not is_json(one):
            raise ValueError(f"the value of {name!r:.60} can't be written as JSON")
    return value


@dataclass(init=False, frozen=True)
class TransformSettings(Settings):
    """Which items are kept, and which of their properties are changed; in this order."""

    where: str | dict[str, Any] | None = None
    """keep items that this expression holds of: CQL2 text, or CQL2 JSON"""
    rename_properties: dict[str, str] = field(default_factory=dict)
    """properties: old name to new name"""
    drop_properties: list[str] = field(default_factory=list)
    """properties to take away"""
    set_properties: Annotated[dict[str, Any], Before(_times_as_text), After(_values_of_json)] = field(
        default_factory=dict
    )
    """properties to set, and their values"""

    def check(self) -> None:
        """Check that items keep the property that every one has.

        Raises:
            ValueError: they don't.

        """
        if _NEEDED in self.drop_properties or self.rename_properties.get(_NEEDED, _NEEDED) != _NEEDED:
            raise ValueError(f"{_NEEDED} can't be dropped or renamed: every STAC item has it, and be it null")

    @classmethod
    def parse(cls, settings: Any) -> Self:
        """Read and check settings.

        Args:
            settings: a dict of values by name, or settings that are checked already.

        Returns:
            The settings.

        Raises:
            ConfigurationError: names each wrong setting, what was found and what is allowed.

        """
        try:
            return super().parse(settings)
        except ConfigurationError as error:
            raise ConfigurationError(f"transforms: {error}") from None

    @property
    def mark(self) -> str:
        """Tell these settings from others: empty where nothing is done, else a digest of them."""
        given = self.changed()
        return blake2b(json.dumps(given, default=str).encode(), digest_size=16).hexdigest() if given else ""
