"""A collection on disk: `collection.json`, and a file for each item in `items/`, some of them broken."""

from collections.abc import Callable
from pathlib import Path
from struct import pack
from zlib import crc32

import orjson

from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.config.corpus_kinds import CorpusKind
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.factory import factory_of
from ingest_bench.corpora.inventory import Entry, entry_of, link_entry
from ingest_bench.corpora.item_files import write_items
from ingest_bench.corpora.items import write_collection
from ingest_bench.corpora.parts import Part
from ingest_bench.corpora.seeded_bytes import stream

_GONE = "../not-there.json"


def _gzip(data: bytes) -> bytes:
    """Wrap up to 64 KiB as gzip without making them smaller: what zlib makes of data depends on its version."""
    size = len(data)
    block = b"\x01" + pack("<HH", size, size ^ 0xFFFF) + data
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block + pack("<II", crc32(data), size)


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[: len(data) * 2 // 3],
    "empty": lambda _: b"",
    "an error page": lambda _: b"<!DOCTYPE html><html><body><h1>503 Service Unavailable</h1></body></html>\n",
    "not UTF-8": lambda data: data.replace(b"Thumbnail of", b"Aper\xe7u de", 1),
    "filled with zeros": lambda data: bytes(len(data)),
    "written twice": lambda data: data + data,
    "compressed": _gzip,
    "Python, not JSON": lambda data: repr(orjson.loads(data)).encode(),
    "a line break in a string": lambda data: data.replace(b"Granule metadata", b"Granule\nmetadata", 1),
}
"""Ways to break a file. None is a matter of taste: no JSON parser takes any of these files."""
DANGLING = "a link to nowhere"
KINDS = (*BREAKS, DANGLING)


def build(corpus: Corpus, seed: int, folder: Path, workers: int) -> Part:  # noqa: ARG001 - too small to be spread
    """Write a collection into `folder`. Broken files stand in for items; they are not among those to deliver."""
    count, factory = corpus.items or 0, factory_of(corpus, seed)
    broken = broken_indexes(seed, count, corpus.corrupt_share)
    (folder / "items").mkdir()
    part = write_items(factory, folder / "items", [index for index in range(count) if index not in broken], "items/")
    part.collection = factory.collection_id
    part.entries.append(write_collection(factory.collection(), folder))
    for index, kind in broken.items():
        item = factory.item(index)
        name = f"items/{item['id']}.json"
        part.broken[name] = kind
        part.entries.append(_write_broken(folder, name, orjson.dumps(item), kind))
    return part


def broken_indexes(seed: int, count: int, share: float) -> dict[int, str]:
    """Choose which items are broken and how: every kind comes up before one comes up again."""
    wanted = max(1, round(count * share)) if share else 0
    shuffled = sorted(range(count), key=lambda index: stream(f"{seed}/broken/{index}", 16))
    return {index: KINDS[number % len(KINDS)] for number, index in enumerate(shuffled[:wanted])}


def _write_broken(folder: Path, name: str, data: bytes, kind: str) -> Entry:
    if kind == DANGLING:
        (folder / name).symlink_to(_GONE)
        return link_entry(name, _GONE)
    damaged = BREAKS[kind](data)
    (folder / name).write_bytes(damaged)
    return entry_of(name, damaged)


KIND = CorpusKind(
    name="items_directory",
    description="a collection on disk, with a JSON file for each item in `items/`, some of them broken",
    layout=LAYOUTS["items_directory"],
    build=build,
    options=("corrupt_share", "like"),
)
