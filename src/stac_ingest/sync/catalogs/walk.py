"""A walk along the links of a catalog that reads catalogs and collections, and no items."""

from __future__ import annotations

from typing import NamedTuple

from stac_ingest.config import IngestConfig
from stac_ingest.core.text import in_words
from stac_ingest.ingest_loop import driven
from stac_ingest.sources.catalog.source import CatalogSource
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.catalogs.memory import LinkList
from stac_ingest.sync.catalogs.structure import KeptStructure
from stac_ingest.sync.progress import Progress

_NAMED = 1000


class Walked(NamedTuple):
    """What a walk has found."""

    links: LinkList
    """To documents of items."""
    refused: list[tuple[str, str]]
    """Links and documents that could not be used, and why. Items that these would have led to are not known."""


async def walk(reader: KeptStructure, config: IngestConfig, summary: IngestSummary, progress: Progress) -> Walked:
    """Follow all links to catalogs and collections.

    Args:
        reader: of the documents.
        config: the settings.
        summary: takes the counts.
        progress: told how many links to items were found.

    Raises:
        DataProcessingError: nothing more can be read of the whole catalog.

    """
    links, refused = LinkList(), list[tuple[str, str]]()
    more = 0
    source = CatalogSource(reader, config, summary, told=links.add)
    async with driven(source, load_strategy(config.strategy), config.workers) as batches:
        async for batch in batches:
            for payload in batch:
                if payload.error is None:  # a document with items, to which a link to a child has led
                    links.add([payload.origin])
                    continue
                reader.doubt(payload.origin)
                if len(refused) < _NAMED:
                    refused.append((reader.name(payload.origin), in_words(payload.error)))
                else:
                    more += 1
            progress("following links", links.count)
    if more:
        refused.append(("other links", f"{more:,} more could not be followed"))
    return Walked(links, refused)
