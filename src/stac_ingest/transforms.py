"""Changes to single items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stac_ingest.core.messages import all_in_one_line
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, ItemError

if TYPE_CHECKING:
    from stac_ingest.context import WorkflowContext


class LinkSettings(BaseModel):
    """A link to add."""

    model_config = ConfigDict(extra="allow")

    rel: str = Field(min_length=1)
    href: str = Field(min_length=1)


class UpdateSettings(BaseModel):
    """What `UpdateItems` does, in this order."""

    model_config = ConfigDict(extra="forbid")

    rename: dict[str, str] = Field(default_factory=dict, description="properties: old name to new name")
    remove: list[str] = Field(default_factory=list, description="properties to take away")
    set: dict[str, Any] = Field(default_factory=dict, description="properties to set, such as a time of processing")
    links: list[LinkSettings] = Field(default_factory=list, description="links to add where they are not there yet")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({*self.rename.values()}) != len(self.rename):
            raise ValueError("two properties are renamed to the same name")
        return self


class UpdateItems:
    """A modifier that sets, renames and removes properties and adds links.

    What it returns depends on the item and the settings alone, and the item given to it is left as it was.
    """

    def __init__(self, settings: dict[str, Any] | UpdateSettings) -> None:
        """Read the settings.

        Raises:
            ConfigurationError: naming what is wrong.

        """
        try:
            self._settings = UpdateSettings.model_validate(settings)
        except ValidationError as error:
            raise ConfigurationError(all_in_one_line(error, UpdateSettings)) from None
        self._links = [link.model_dump() for link in self._settings.links]

    def modify(self, item: Item, context: WorkflowContext) -> Item:  # noqa: ARG002 - part of the protocol
        """Return the updated item.

        Raises:
            ItemError: its properties or links are not what STAC says they are.

        """
        properties, links = item.get("properties") or {}, item.get("links") or []
        if not isinstance(properties, dict) or not isinstance(links, list):
            raise ItemError("properties must be an object and links an array")
        return {**item, "properties": self._update(properties), "links": self._add(links)}

    def _update(self, properties: dict[str, Any]) -> dict[str, Any]:
        settings = self._settings
        renamed = {settings.rename.get(name, name): value for name, value in properties.items()}
        for name in settings.remove:
            renamed.pop(name, None)
        renamed.update(settings.set)
        return renamed

    def _add(self, links: list[Any]) -> list[Any]:
        there = {(link.get("rel"), link.get("href")) for link in links if isinstance(link, dict)}
        return [*links, *(link for link in self._links if (link["rel"], link["href"]) not in there)]
