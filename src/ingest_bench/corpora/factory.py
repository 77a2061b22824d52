"""What makes the items of a corpus: our own, or ones like those of a user's file."""

import json
from pathlib import Path
from typing import Any, Protocol

import orjson

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.items import ItemFactory


class Factory(Protocol):
    """Makes items, each a function of seed, settings and index alone."""

    collection_id: str
    """The collection that they belong to."""

    def key(self, index: int) -> tuple[str, str]:
        """Give time and id of an item, by which an API sorts."""

    def item(self, index: int) -> dict[str, Any]:
        """Make item `index`, 0 and up."""

    def collection(self) -> dict[str, Any]:
        """Give the collection's own document."""


def factory_of(corpus: Corpus, seed: int) -> Factory:
    """Return what makes the items of a generated corpus.

    Raises:
        SettingsError: the file that they are to be like can't be read, or holds none.

    """
    if corpus.like is None:
        return ItemFactory(seed, corpus.item_kb, skewed=corpus.skewed)
    from ingest_bench.corpora.like_items import LikeFactory, read_samples  # noqa: PLC0415 - most corpora don't need it

    samples = read_samples(Path(corpus.like))
    return LikeFactory(seed, samples, corpus.items or 0, one_collection=corpus.layout.network)


def to_json(item: dict[str, Any]) -> bytes:
    """Return an item as UTF-8 JSON on one line."""
    try:
        return orjson.dumps(item)
    except TypeError:  # a whole number beyond 64 bits
        return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()
