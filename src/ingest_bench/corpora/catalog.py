"""A static catalog: a root, a catalog for each hundred items, and a file for each item, which only links name."""

from pathlib import Path
from typing import Any

import orjson

from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.config.corpus_kinds import CorpusKind
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.factory import factory_of, to_json
from ingest_bench.corpora.inventory import entry_of
from ingest_bench.corpora.parts import Part, slices

_ITEMS_PER_CATALOG = 100


def build(corpus: Corpus, seed: int, folder: Path, workers: int) -> Part:  # noqa: ARG001 - too small to be spread
    """Write the catalogs and items of a corpus into `folder`."""
    factory = factory_of(corpus, seed)
    part = Part(collection=factory.collection_id)
    children = []
    for number, indexes in enumerate(slices(range(corpus.items or 0), _ITEMS_PER_CATALOG)):
        name = f"{number:05}"
        (folder / name).mkdir()
        links = []
        for index in indexes:
            item = factory.item(index)
            part.tally.add(item)
            _write(part, folder, f"{name}/{index:07}.json", to_json(item))
            links.append(_link("item", f"./{index:07}.json"))
        _write(part, folder, f"{name}/catalog.json", _catalog(name, links))
        children.append(_link("child", f"./{name}/catalog.json"))
    _write(part, folder, "catalog.json", _catalog("root", children))
    return part


def _write(part: Part, folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    part.entries.append(entry_of(name, data))


def _catalog(name: str, links: list[dict[str, str]]) -> bytes:
    content: dict[str, Any] = {
        "type": "Catalog",
        "id": name,
        "stac_version": "1.0.0",
        "description": "Items, by links.",
    }
    return orjson.dumps({**content, "links": links})


def _link(rel: str, href: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": "application/json"}


KIND = CorpusKind(
    name="catalog",
    description="a static catalog, whose items only its links name",
    layout=LAYOUTS["catalog"],
    build=build,
    options=("like",),
)
