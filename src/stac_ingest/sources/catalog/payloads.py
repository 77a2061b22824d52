"""Documents of a catalog on their way to items: as they were read, and by which links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stac_ingest.core.json_items import FEATURE, kind_in_words, members
from stac_ingest.core.model import Item, Payload, Reject
from stac_ingest.core.unpack import is_packed, unpacked
from stac_ingest.errors import ItemError
from stac_ingest.sources.catalog.links import Links
from stac_ingest.sources.catalog.readers import Document
from stac_ingest.sources.documents import Documents


class Linked(list[Payload]):
    """A batch that knows by which links it was read."""

    def __init__(self, payloads: Sequence[Payload], links: Sequence[str]) -> None:
        super().__init__(payloads)
        self.links = links


class LinkedDocuments(Documents):
    """Takes items out of documents that links to items lead to: what else one leads to is a failure."""

    def items(self, content: object, origin: str, reject: Reject) -> Iterator[Item]:
        """Yield the items of a document."""
        if members(content) is None:
            reject(origin, ItemError(f"a link to an item leads here, to {kind_in_words(content)}; it was not followed"))
            return
        yield from super().items(content, origin, reject)
        if isinstance(content, dict) and content.get("type") != FEATURE and Links(content).is_page:
            reject(origin, ItemError("only a page of items, and the pages behind it aren't read by links"))


def payload_of(document: Document, max_bytes: int) -> Payload:
    """Return a document as it is decoded: unpacked, where its name says that it is packed."""
    data, url, error = document.data, document.url, document.error
    if error is None and is_packed(url):
        try:
            data = unpacked(data, max_bytes)
        except ItemError as problem:
            data, error = b"", problem
    return Payload(data, url, error)
