"""What a simulated API serves: `collection.json`, and `items.ndjson` with an item a line, by time and then id."""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.config.corpus_kinds import CorpusKind
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.factory import Factory, to_json
from ingest_bench.corpora.inventory import Entry
from ingest_bench.corpora.items import write_collection
from ingest_bench.corpora.later import items_of
from ingest_bench.corpora.parts import Part, slices, spread
from ingest_bench.results.digest import Tally

_ITEMS_PER_TASK = 1000


def build(corpus: Corpus, seed: int, folder: Path, workers: int) -> Part:
    """Write collection and items into `folder`."""
    factory, indexes = items_of(corpus, seed)
    part = Part(entries=[write_collection(factory.collection(), folder)], collection=factory.collection_id)
    order = sorted(indexes, key=factory.key)
    tasks = slices(order, _ITEMS_PER_TASK)
    size, digest = 0, sha256()
    with (folder / "items.ndjson").open("wb") as file:
        for lines, tally in spread(partial(_lines, factory), tasks, workers):
            file.write(lines)
            size += len(lines)
            digest.update(lines)
            part.tally.merge(tally)
    part.entries.append(Entry("items.ndjson", size, digest.hexdigest()))
    return part


def _lines(factory: Factory, indexes: Sequence[int]) -> tuple[bytes, Tally]:
    tally = Tally()
    lines = []
    for index in indexes:
        item = factory.item(index)
        tally.add(item)
        lines.append(to_json(item) + b"\n")
    return b"".join(lines), tally


KIND = CorpusKind(
    name="api",
    description="a STAC API",
    layout=LAYOUTS["api"],
    build=build,
    options=("skewed", "like", "later"),
)
