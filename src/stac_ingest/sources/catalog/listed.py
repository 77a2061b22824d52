"""Documents of a catalog whose links are known: each is read, or only if it isn't what it was before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from stac_ingest.core.model import Batch, Item, Reject
from stac_ingest.sources.catalog.payloads import Linked, LinkedDocuments, payload_of
from stac_ingest.sources.catalog.readers import DocumentReader
from stac_ingest.sources.documents import ItemTexts

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary


class ListedDocuments:
    """The items of some documents.

    Attributes:
        versions: of the documents that were read, by their links; of one that has none it is empty.
        same: links of the documents that have the version that was known of them, and were not read.

    """

    def __init__(
        self,
        reader: DocumentReader,
        links: Sequence[str],
        known: Mapping[str, str],
        config: IngestConfig,
        summary: IngestSummary,
    ) -> None:
        """Read nothing yet.

        Args:
            reader: of the catalog's documents.
            links: to the documents, as the reader has resolved them.
            known: versions that they had, by their links; one without is read in any case.
            config: the settings.
            summary: takes the counts.

        """
        self._reader = reader
        self._links = links
        self._known = known
        self._max_bytes = config.max_response_mib << 20
        self._texts = ItemTexts(LinkedDocuments(summary), exact_numbers=config.exact_numbers)
        self.versions: dict[str, str] = {}
        self.same: list[str] = []

    async def open(self) -> None:
        """Get ready to read."""
        await self._reader.open()

    async def units(self) -> AsyncIterator[Sequence[str]]:
        """List as many links at a time as the reader takes."""
        together = self._reader.together
        for start in range(0, len(self._links), together):
            yield self._links[start : start + together]

    async def read(self, unit: Sequence[str]) -> AsyncIterator[Batch]:
        """Read some documents.

        Raises:
            DataProcessingError: nothing more can be read of the whole catalog.

        """
        while unit:
            documents = await self._reader.read(unit, self._known)
            links, unit = unit[: len(documents)], unit[len(documents) :]
            came, payloads = [], []
            for link, document in zip(links, documents, strict=True):
                if document.is_same:
                    self.same.append(link)
                    continue
                if document.error is None:
                    self.versions[link] = document.version
                came.append(link)
                payloads.append(payload_of(document, self._max_bytes))
            if payloads:
                yield Linked(payloads, came)

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of a batch; what can't be used is rejected under its URL or path."""
        name = self._reader.name
        yield from self._texts.decode(batch, lambda origin, error: reject(name(origin), error))

    async def close(self) -> None:
        """End reading."""
        await self._reader.close()
