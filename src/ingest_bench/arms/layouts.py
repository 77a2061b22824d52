"""How a corpus lies there, which decides how it can be read. A new layout is one entry here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from stac_ingest.sources.kind import KINDS, SourceKind


class Section(NamedTuple):
    """A kind of source that a settings file of the package has a section for, and that advice is given for."""

    kind: SourceKind
    batch: str
    """What a batch of it is, in words."""
    expected: bool = True
    """Whether a matrix is expected to have it, so that advice says where it wasn't measured."""

    @property
    def name(self) -> str:
        """The section's name in the file."""
        return self.kind.name

    @property
    def mode(self) -> Literal["file", "api"]:
        """As `IngestConfig` has it."""
        return "api" if self.kind.prefixes else "file"


JSON_FILES = Section(KINDS["json_files"], "files of a unit")
GEOPARQUET = Section(KINDS["geoparquet"], "rows of a row group")
API = Section(KINDS["api"], "items of a page")
CATALOG = Section(KINDS["catalog"], "files of a unit", expected=False)
SECTIONS = {section.name: section for section in (JSON_FILES, GEOPARQUET, API, CATALOG)}


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
        Layout("catalog", CATALOG, {"source_type": "auto", "format": "catalog"}),
    )
}

ITEM_FILES = tuple(name for name, layout in LAYOUTS.items() if layout.items)
"""Those with a JSON file for each item."""
