"""How the documents of a catalog are read, by the scheme of its URL. Another way is one file, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError
from stac_ingest.stores.urls import SCHEMES

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary


class Document(NamedTuple):
    """What was read at a URL."""

    data: bytes
    url: str
    """Where it came from, behind redirects: its relative links lead from there."""
    error: Exception | None = None
    """Why there is none; it costs this document alone."""
    version: str = ""
    """What tells this content from every other one that the document has; empty where nothing does."""
    is_same: bool = False
    """Whether it still has the version that was known of it, so that nothing was read."""


class DocumentReader(Protocol):
    """Reads the documents of one catalog. A URL here is what `resolve` returns: of files, an absolute path.

    Attributes:
        root: the URL of the catalog's first document.
        together: how many documents are read at a time.

    """

    root: str
    together: int

    async def open(self) -> None:
        """Get ready to read.

        Raises:
            DataProcessingError: nothing can be read.

        """

    async def read(self, urls: Sequence[str], known: Mapping[str, str] | None = None) -> Sequence[Document]:
        """Read documents, at most `together`: the first ones of those that are asked for, and at least one.

        The source calls it from as many tasks at once as the setting `concurrency` says. A document is no larger than
        `max_response_mib`, and bytes are counted in the summary.

        Args:
            urls: of the documents.
            known: the versions that some of them had, by their URLs; None where nobody asks for versions.

        Raises:
            DataProcessingError: nothing more can be read of the whole catalog.

        """

    def resolve(self, href: str, base: str) -> str:
        """Give the URL that a link leads to: the same one for the same document, where that can be told by its text.

        Args:
            href: as it is written.
            base: the URL of the document that it is in.

        Raises:
            DataProcessingError: it isn't followed, and why.

        """

    def name(self, url: str) -> str:
        """Return a URL as failures name it: without secrets, and below the catalog's folder relative to that."""

    async def close(self) -> None:
        """Close what is open; after an error, too."""


READERS: dict[str, str] = {
    "": "stac_ingest.sources.catalog.local:LocalReader",
    "http": "stac_ingest.sources.catalog.web:WebReader",
    "https": "stac_ingest.sources.catalog.web:WebReader",
    **dict.fromkeys(SCHEMES, "stac_ingest.sources.stored.catalog:StoredReader"),
}
"""By the scheme of a catalog's URL, where the class is, as `module:name`: made with a root, settings and a summary."""


def scheme_of(source: str) -> str:
    """Return the scheme of a source in small letters; "" where it is a path."""
    scheme, separator, _ = source.partition("://")
    return scheme.lower() if separator and scheme.isalnum() else ""


def make_reader(root: str, config: IngestConfig, summary: IngestSummary) -> DocumentReader:
    """Make the reader for the catalog whose first document is at `root`.

    Raises:
        ConfigurationError: there is none for its scheme, or a setting can't be used.

    """
    scheme = scheme_of(root)
    if scheme not in READERS:
        raise ConfigurationError(f"source: catalogs at {scheme}:// are not read; copy it here")
    make: Callable[[str, IngestConfig, IngestSummary], DocumentReader] = load(READERS[scheme])
    return make(root, config, summary)
