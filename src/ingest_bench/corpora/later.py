"""A corpus some time later: a few items have changed, some are new, some are gone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.factory import Factory, factory_of
from ingest_bench.corpora.seeded_bytes import stream
from ingest_bench.corpora.variation import moved_instant

_LATER = timedelta(days=30)
_MARK = "processing:version"
"""Is new in an item that has changed, where it doesn't say when it was updated."""


def items_of(corpus: Corpus, seed: int) -> tuple[Factory, Sequence[int]]:
    """Return what makes the items of a corpus, and their indexes.

    Raises:
        SettingsError: the file that they are to be like can't be read, or holds none.

    """
    factory, count = factory_of(corpus, seed), corpus.items or 0
    if corpus.later is None:
        return factory, range(count)
    shuffled = sorted(range(count), key=lambda index: stream(f"{seed}/later/{index}", 16))
    changed, added, removed = corpus.later.counts(count)
    gone = set(shuffled[:removed])
    there = [index for index in range(count + added) if index not in gone]
    return LaterFactory(factory, frozenset(shuffled[removed : removed + changed])), there


class LaterFactory:
    """Makes the items of another factory, some of them changed: `updated` is later."""

    def __init__(self, factory: Factory, changed: frozenset[int]) -> None:
        """Take what makes the items, and the indexes of those that have changed."""
        self._factory = factory
        self._changed = changed
        self.collection_id = factory.collection_id
        self.key, self.collection = factory.key, factory.collection

    def item(self, index: int) -> dict[str, Any]:
        """Make item `index`, 0 and up."""
        item = self._factory.item(index)
        if index in self._changed:
            # An item like a stranger's may have none.
            properties = item.get("properties")
            known = properties if isinstance(properties, dict) else {}
            item["properties"] = {**known, **_news(known)}
        return item


def _news(properties: dict[str, Any]) -> dict[str, str]:
    later = moved_instant(str(properties.get("updated")), _LATER)
    return {"updated": later} if later else {_MARK: "2"}
