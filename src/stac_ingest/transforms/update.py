"""Changes to the properties and links of items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import orjson

from stac_ingest.core.annotations import After
from stac_ingest.core.model import Item
from stac_ingest.core.rows import ItemRows, LineRows, Rows
from stac_ingest.core.settings import Settings
from stac_ingest.errors import ItemError
from stac_ingest.transforms.batches import is_json, updated_table

if TYPE_CHECKING:
    from stac_ingest.context import WorkflowContext


def _lead_somewhere(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for link in links:
        for name in ("rel", "href"):
            if not link.get(name) or not isinstance(link[name], str):
                raise ValueError(f"a link needs {name!r}, a text that is not empty")
    return links


@dataclass(init=False, frozen=True)
class UpdateSettings(Settings):
    """What `UpdateItems` does, in this order."""

    rename: dict[str, str] = field(default_factory=dict)
    """properties: old name to new name"""
    remove: list[str] = field(default_factory=list)
    """properties to take away"""
    set: dict[str, Any] = field(default_factory=dict)
    """properties to set, such as a time of processing"""
    links: Annotated[list[dict[str, Any]], After(_lead_somewhere)] = field(default_factory=list)
    """links to add where they are not there yet"""

    def check(self) -> None:
        """Check that no two properties become one.

        Raises:
            ValueError: some do.

        """
        if len({*self.rename.values()}) != len(self.rename):
            raise ValueError("two properties are renamed to the same name")


class UpdateItems:
    """A modifier that sets, renames and removes properties and adds links.

    What it returns depends on the item and the settings alone, and the item given to it is left as it was.
    """

    def __init__(self, settings: dict[str, Any] | UpdateSettings) -> None:
        """Read the settings.

        Args:
            settings: the fields of `UpdateSettings` by name: `rename`, `remove`, `set` and `links`.

        Raises:
            ConfigurationError: names the wrong setting, what was found and what is allowed.

        """
        self._settings = UpdateSettings.parse(settings)
        self._links = self._settings.links
        self._touched = (*self._settings.rename, *self._settings.remove)
        # What JSON changes is told by the output, which only sees it in objects.
        self._is_json = is_json([self._settings.set, self._links])

    def modify(self, item: Item, context: WorkflowContext) -> Item:  # noqa: ARG002 - part of the protocol
        """Return the updated item.

        Args:
            item: is not changed.
            context: isn't read.

        Returns:
            A new item that shares what isn't changed with the old one; the same object where nothing is.

        Raises:
            ItemError: its properties or links are not what STAC says they are.

        """
        changed = item
        if self._settings.rename or self._settings.remove or self._settings.set:
            properties = item.get("properties") or {}
            if not isinstance(properties, dict):
                raise ItemError("properties must be an object and links an array")
            updated = self._update(properties)
            if updated is not properties:
                changed = {**item, "properties": updated}
        if self._links:
            links = item.get("links") or []
            if not isinstance(links, list):
                raise ItemError("properties must be an object and links an array")
            changed = {**changed, "links": self._add(links)}
        return changed

    def modify_rows(self, rows: Rows, context: WorkflowContext) -> Rows | None:
        """Return the updated rows, in the form that they have.

        Args:
            rows: a batch, in any form.
            context: isn't read.

        Returns:
            The updated rows; None where they have to come one by one.

        Raises:
            ItemError: the properties or links of one of them are not what STAC says they are.

        """
        if isinstance(rows, ItemRows):
            return ItemRows(rows.keys, [self.modify(item, context) for item in rows.objects])
        if isinstance(rows, LineRows) and self._is_json:
            return self._lines(rows, context)
        if self._links:
            return None
        settings = self._settings
        return updated_table(rows, rename=settings.rename, remove=settings.remove, values=settings.set)

    def _lines(self, rows: LineRows, context: WorkflowContext) -> LineRows:
        texts = [*rows.texts]
        for number, text in enumerate(texts):
            item = orjson.loads(text)
            changed = self.modify(item, context)
            if changed is not item:
                texts[number] = orjson.dumps(changed)
        return LineRows(rows.keys, texts)

    def _update(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Return the properties as they are to be; the same object where nothing is changed."""
        settings = self._settings
        if not settings.set and not any(name in properties for name in self._touched):
            return properties
        # One that has the new name already is replaced, wherever it stands.
        taken = {new for old, new in settings.rename.items() if old in properties}
        updated = {
            settings.rename.get(name, name): value
            for name, value in properties.items()
            if name in settings.rename or name not in taken
        }
        for name in settings.remove:
            updated.pop(name, None)
        updated.update(settings.set)
        return updated

    def _add(self, links: list[Any]) -> list[Any]:
        there = {(link.get("rel"), link.get("href")) for link in links if isinstance(link, dict)}
        return [*links, *(link for link in self._links if (link["rel"], link["href"]) not in there)]
