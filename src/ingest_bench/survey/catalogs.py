"""Looks at a static catalog: how many items its documents link to, by all of a small one and some of a large one.

The size of a large one is estimated by random walks from its root to a leaf. The items of each document on the way,
times how many documents there are to choose from at each step above it, have the number of all items as their mean
(D. E. Knuth, "Estimating the efficiency of backtrack programs", Mathematics of Computation 29, 1975).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.errors import SettingsError
from ingest_bench.survey.files import chosen, is_cold
from ingest_bench.survey.found import Amount, Found, part_error, relative_error
from ingest_bench.survey.part import Part
from stac_ingest.config import IngestConfig
from stac_ingest.errors import DataProcessingError
from stac_ingest.sources.catalog.links import Links
from stac_ingest.sources.catalog.local import LocalReader
from stac_ingest.summary import IngestSummary

READ, WALKS, DEPTH = 300, 100, 50
"""Documents of a catalog that is read whole; walks in a larger one, and the most steps of each."""
PART_ITEMS, PART_BYTES, SIZED = 4_000, 32 << 20, 400
"""A part is copied, since a catalog's links may not lead out of it; and it is bounded by both."""


@dataclass(slots=True)
class _Document:
    """What a document of a catalog says."""

    content: dict[str, Any]
    children: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)


class _Catalog:
    """The documents of a catalog, each read once."""

    def __init__(self, root: str) -> None:
        self.root = root
        # The catalog's own rules of where a link leads.
        self._reader = LocalReader(root, IngestConfig(mode="file", source=root), IngestSummary())
        self._documents: dict[str, _Document] = {}

    @property
    def read(self) -> int:
        return len(self._documents)

    def document(self, path: str) -> _Document:
        if path not in self._documents:
            self._documents[path] = self._read(path)
        return self._documents[path]

    def _read(self, path: str) -> _Document:
        try:
            content = orjson.loads(Path(path).read_bytes())
        except (OSError, ValueError):
            content = None
        found = _Document(content if isinstance(content, dict) else {})
        links = Links(found.content)
        for link in links.wanted():
            if link.rel not in ("child", "item") or not isinstance(link.href, str):
                continue
            try:
                target = self._reader.resolve(links.here(link.href, path), path)
            except DataProcessingError:
                continue
            (found.children if link.rel == "child" else found.items).append(target)
        return found


def survey_catalog(document: Path, seed: int, part: Part) -> Found:
    """Look at a static catalog on this machine; see `survey_json`. Of a large one a part is copied.

    Args:
        document: its first document.
        seed: of all choices.
        part: a folder to be made.

    Raises:
        SettingsError: it leads to no items.

    """
    catalog = _Catalog(os.path.abspath(document))  # noqa: PTH100 - as hrefs are joined
    lot = random.Random(f"{seed}/catalog")  # noqa: S311 - not for secrets
    every = _all(catalog)
    if every is not None:
        leaves = [found for found in every if found.items]
        count = sum(len(found.items) for found in leaves)
        items, counted = Amount.exact(count), f"the links of all {len(every):,} documents of the catalog"
    else:
        totals, leaves = _walks(catalog, lot)
        mean = statistics.fmean(totals)
        least = sum(len(found.items) for found in leaves)
        items = Amount.estimated(mean, relative_error(totals, None), max(1, least))
        counted = f"an estimate from {WALKS} random walks along its links ({catalog.read:,} documents)"
    if not leaves:
        raise SettingsError(f"source: {document} links to no items; give the catalog.json whose links lead to them")
    looked_at = chosen(lot, [path for found in leaves for path in found.items], SIZED)
    sizes = [each for path in looked_at if (each := _size(path))]
    size = statistics.fmean(sizes) if sizes else 1.0
    found = Found(
        section="catalog",
        corpus={"kind": "catalog", "path": str(document.parent)},
        items=items,
        counted=counted,
        bytes=round(size * items.value),
        cold=is_cold(size * items.value),
    )
    wanted = max(1, round(min(PART_ITEMS, PART_BYTES / size)))
    # A folder is walked from its catalog.json; another first document, and links that lead out of it, are copied too.
    if items.value > 1.25 * wanted or document.name != "catalog.json":
        copied = wanted
        found.part = f"about {wanted:,} items, to be chosen at random (seed {seed}) and copied"
        if part.is_written:
            copied, documents = _copy(part, leaves, wanted, lot)
            found.part = f"{copied:,} items of {documents:,} documents, chosen at random (seed {seed}) and copied"
        if part.is_usable:
            found.corpus["path"] = str(part.path)
        found.cost_spread = part_error(sizes, copied, round(items.value))
    return found


def _all(catalog: _Catalog) -> list[_Document] | None:
    """Read all documents; None where they are too many."""
    waiting, seen, found = deque([catalog.root]), {catalog.root}, list[_Document]()
    while waiting:
        if len(found) == READ:
            return None
        document = catalog.document(waiting.popleft())
        found.append(document)
        new = [child for child in dict.fromkeys(document.children) if child not in seen]
        seen.update(new)
        waiting.extend(new)
    return found


def _walks(catalog: _Catalog, lot: random.Random) -> tuple[list[float], list[_Document]]:
    """Walk down at random; return the estimate of each walk, and the documents with items on the way, each once."""
    totals, leaves = [], dict[int, _Document]()
    for _ in range(WALKS):
        path, weight, total = catalog.root, 1.0, 0.0
        for _ in range(DEPTH):
            document = catalog.document(path)
            total += weight * len(document.items)
            if document.items:
                leaves.setdefault(id(document), document)
            if not document.children:
                break
            weight *= len(document.children)
            path = lot.choice(document.children)
        totals.append(total)
    return totals, [*leaves.values()]


def _copy(part: Part, leaves: list[_Document], wanted: int, lot: random.Random) -> tuple[int, int]:
    """Copy documents with their items until there are as many as wanted; return how many of both."""
    part.clear()
    copied, children = 0, list[str]()
    for document in lot.sample(leaves, len(leaves)):
        if copied >= wanted:
            break
        # A document with more items than a part has is cut.
        picked = chosen(lot, document.items, wanted - copied)
        folder = part.path / f"{len(children):05}"
        folder.mkdir()
        names = list(_copied(folder, picked))
        _write(folder / "catalog.json", {**document.content, "links": [_link("item", f"./{name}") for name in names]})
        children.append(f"./{folder.name}/catalog.json")
        copied += len(names)
    root = {"type": "Catalog", "id": "part", "stac_version": "1.0.0", "description": "A part of a catalog."}
    _write(part.path / "catalog.json", {**root, "links": [_link("child", href) for href in children]})
    return copied, len(children)


def _copied(folder: Path, paths: list[str]) -> Iterator[str]:
    for number, path in enumerate(paths):
        name = f"{number:05}.json"
        try:
            shutil.copyfile(path, folder / name)
        except OSError:
            continue
        yield name


def _link(rel: str, href: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": "application/json"}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
