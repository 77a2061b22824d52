"""What is compared, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stac_ingest.audit.inventories import Inventory
from stac_ingest.config import IngestConfig
from stac_ingest.core.canonical import CanonicalForm
from stac_ingest.pipeline import Modifier
from stac_ingest.sources.kind import KINDS, kind_name, kind_of

DOCUMENT = "catalog.json"
CATALOG = "catalog"
"""The kind of source whose items have links of its own."""
_KINDS_WITH_NULLS = frozenset({"json_files", "ndjson", "api", CATALOG})
"""Kinds of sources that tell a null member from a missing one."""

_FORMATS = {kind.format: name for name, kind in KINDS.items() if kind.format is not None}


@dataclass(frozen=True, kw_only=True)
class AuditTask:
    """What is compared, and how."""

    output: IngestConfig
    """The output, as a source."""
    against: IngestConfig | Inventory
    report: Path
    """Of the file that names what differs."""
    ids_only: bool = False
    modifiers: Sequence[Modifier] = ()
    """What was done to the source's items on their way to the output."""
    keep: bool = False
    """Whether the source's items that are missing or different are kept, for a repair."""

    @property
    def compares_content(self) -> bool:
        """Whether more than ids are compared."""
        return not self.ids_only and isinstance(self.against, IngestConfig)

    @property
    def kinds(self) -> list[str]:
        """The kinds of source that the sides are, but of an inventory."""
        sides = [side for side in (self.output, self.against) if isinstance(side, IngestConfig)]
        return [_kind(side) for side in sides]

    @property
    def has_nulls(self) -> bool:
        """Whether null members count: both sides can hold some."""
        return _KINDS_WITH_NULLS.issuperset(self.kinds)

    def form(self) -> CanonicalForm:
        """Return the form in which items are compared."""
        without_links: frozenset[str] = frozenset()
        if CATALOG in self.kinds:
            from stac_ingest.outputs.catalog.documents import OWNED  # noqa: PLC0415 - few outputs are catalogs

            without_links = OWNED
        return CanonicalForm(nulls=self.has_nulls, without_links=without_links)


def _kind(side: IngestConfig) -> str:
    """Return the kind of a side, "" where it can't be told; a folder with a catalog is one, though all is read."""
    if (Path(side.source) / DOCUMENT).is_file():
        return CATALOG
    if (named := _FORMATS.get(side.format or "")) is not None:
        return named
    if side.mode == "file" and "://" in side.source and kind_name(side.source.lower()) is None:
        return ""  # what is below a prefix of a store isn't known yet
    return kind_of(side.source).name
