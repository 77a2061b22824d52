"""How a corpus lies there, which decides how it can be read. A new layout is one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from stac_ingest.sources.kind import KINDS


class Section(NamedTuple):
    """A kind of source that a settings file of the package has a section for, and that advice is given for."""

    name: str
    """Of the section in the file."""
    label: str
    """In words."""
    mode: Literal["file", "api"]
    """As `IngestConfig` has it."""
    batch: str
    """What a batch of it is, in words."""


def _section(name: str, batch: str) -> Section:
    kind = KINDS[name]
    return Section(kind.name, kind.label, "api" if kind.prefixes else "file", batch)


JSON_FILES = _section("json_files", "files of a unit")
GEOPARQUET = _section("geoparquet", "rows of a row group")
API = _section("api", "items of a page")
SECTIONS = {section.name: section for section in (JSON_FILES, GEOPARQUET, API)}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a corpus lies there."""

    name: str
    section: Section
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What `IngestConfig` is told of it, beside its mode."""
    items: str | None = None
    """The folder with a JSON file for each item, below the source; None where there is none."""

    @property
    def network(self) -> bool:
        """Whether a server is asked."""
        return self.section.mode == "api"


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("item_files", JSON_FILES, {"source_type": "items_directory", "format": "json"}, items="."),
        Layout("items_directory", JSON_FILES, {"source_type": "collection", "format": "json"}, items="items"),
        Layout("geoparquet", GEOPARQUET, {"source_type": "auto", "format": "parquet"}),
        Layout("api", API),
    )
}

ITEM_FILES = tuple(name for name, layout in LAYOUTS.items() if layout.items)
"""Those with a JSON file for each item."""
