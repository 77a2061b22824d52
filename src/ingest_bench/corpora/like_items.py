"""The items of a corpus that are like those of a user's own file: `like: path`.

Members, types, sizes and oddities are the file's; ids, times, places and measured values are new, and a function of
seed, file and index alone.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest_bench.corpora import items
from ingest_bench.corpora.variation import Variation
from ingest_bench.errors import SettingsError
from stac_ingest import IngestError, IngestModule, WorkflowContext

MAX_SAMPLES = 1000
"""Items of the file that are imitated: its first."""
_DIGIT = re.compile(r"\d")
_STRIDE = 7919
"""Has no factor in common with a power of ten, so that numbers are visited once each."""


class LikeFactory:
    """Makes items like those of a file, each sample's turn coming round as often as another's."""

    def __init__(self, seed: int, samples: list[dict[str, Any]], count: int, *, one_collection: bool) -> None:
        """Take what is imitated.

        Args:
            seed: of the corpus.
            samples: at least one item.
            count: items in the corpus; some time later it has up to twice as many.
            one_collection: whether all items are to belong to that of most samples, as those of an API do.

        """
        self._seed = seed
        self._samples = samples
        self._digits = len(str(2 * count - 1))
        self.collection_id = _usual_collection(samples)
        self._one_collection = one_collection

    def key(self, index: int) -> tuple[str, str]:
        """Give time and id of an item, by which an API sorts."""
        made = self.item(index)
        properties = made.get("properties")
        known = properties if isinstance(properties, dict) else {}
        times = (known.get(name) for name in ("datetime", "start_datetime"))
        return next((time for time in times if isinstance(time, str)), ""), made["id"]

    def item(self, index: int) -> dict[str, Any]:
        """Make item `index`, 0 and up."""
        sample = self._samples[index % len(self._samples)]
        new_id = self._id(sample["id"], index)
        change = Variation(f"{self._seed}/like/{index}", sample, sample["id"], new_id)
        made: dict[str, Callable[[Any], Any]] = {
            "id": lambda _: new_id,
            "geometry": change.geometry,
            "bbox": change.box,
            "collection": lambda old: self.collection_id if self._one_collection else old,
        }
        item = {key: made.get(key, change.value)(value) for key, value in sample.items()}
        if self._one_collection:
            item.setdefault("collection", self.collection_id)
        return item

    def collection(self) -> dict[str, Any]:
        """Give a valid STAC Collection for an API that serves the items."""
        generic = items.collection()
        root = next((href for href in _roots(self._samples) if href.startswith("http")), items.API)
        href = f"{root.rstrip('/')}/collections/{self.collection_id}"
        hrefs = {"self": href, "parent": root, "root": root, "items": f"{href}/items"}
        return {
            **{key: value for key, value in generic.items() if key not in {"stac_extensions", "summaries"}},
            "id": self.collection_id,
            "title": f"{self.collection_id} (generated)",
            "description": "Generated items that look like those of a file. There are no data behind them.",
            "extent": {"spatial": generic["extent"]["spatial"], "temporal": {"interval": [[None, None]]}},
            "links": [link | {"href": hrefs.get(link["rel"], link["href"])} for link in generic["links"]],
        }

    def _id(self, old: str, index: int) -> str:
        """Write a number that no other index has into the last digits of an id; one with too few gets some more."""
        number = f"{(index * _STRIDE + self._seed) % 10**self._digits:0{self._digits}}"
        places = [found.start() for found in _DIGIT.finditer(old)][-self._digits :]
        if len(places) < self._digits:
            return f"{old}-{number}"
        letters = list(old)
        for place, digit in zip(places, number, strict=True):
            letters[place] = digit
        return "".join(letters)


def read_samples(path: Path) -> list[dict[str, Any]]:
    """Read the items that are imitated.

    Args:
        path: a file with STAC items: JSON, NDJSON or GeoParquet.

    Raises:
        SettingsError: it holds no item that can be read.

    """
    try:
        samples = asyncio.run(_read(path))
    except IngestError as error:
        raise SettingsError(f"like: {error}") from error
    if not samples:
        raise SettingsError(f"like: {path} holds no item")
    return samples


async def _read(path: Path) -> list[dict[str, Any]]:
    module = IngestModule({"mode": "file", "source": str(path), "max_items": MAX_SAMPLES})
    return [item async for item in module.fetch(WorkflowContext())]


def _roots(samples: list[dict[str, Any]]) -> Iterator[str]:
    """Give where the links of items lead to their root; a stranger's links may be anything."""
    for sample in samples:
        links = sample.get("links")
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("rel") == "root":
                yield str(link.get("href"))


def _usual_collection(samples: list[dict[str, Any]]) -> str:
    named = Counter(sample["collection"] for sample in samples if isinstance(sample.get("collection"), str))
    return named.most_common(1)[0][0] if named else items.COLLECTION
