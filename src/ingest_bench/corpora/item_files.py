"""A flat folder with a JSON file for each item."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.config.corpus_kinds import CorpusKind
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.factory import Factory, to_json
from ingest_bench.corpora.inventory import entry_of
from ingest_bench.corpora.later import items_of
from ingest_bench.corpora.parts import Part, slices, spread
from stac_ingest.core.file_names import safe_name

_ITEMS_PER_TASK = 1000


def build(corpus: Corpus, seed: int, folder: Path, workers: int) -> Part:
    """Write the items of a corpus into `folder`."""
    factory, indexes = items_of(corpus, seed)
    whole = Part(collection=factory.collection_id)
    write = partial(write_items, factory, folder)
    for part in spread(write, slices(indexes, _ITEMS_PER_TASK), workers):
        whole.merge(part)
    return whole


def write_items(factory: Factory, folder: Path, indexes: Iterable[int], prefix: str = "") -> Part:
    """Write a file for each of these items into `folder`, whose name in the corpus is `prefix`."""
    part = Part()
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for index in indexes:
            item = factory.item(index)
            name = f"{safe_name(item['id'])}.json"
            data = to_json(item)
            _write_new(name, data, folder_fd)
            part.tally.add(item)
            part.entries.append(entry_of(prefix + name, data))
    finally:
        os.close(folder_fd)
    return part


def _write_new(name: str, data: bytes, folder_fd: int) -> None:
    """Write a file that must not be there yet, in three system calls."""
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder_fd)
    try:
        if os.write(fd, data) != len(data):
            raise OSError(f"{name} could not be written whole; is the disk full?")
    finally:
        os.close(fd)


KIND = CorpusKind(
    name="item_files",
    description="a flat folder with a JSON file for each item",
    layout=LAYOUTS["item_files"],
    build=build,
    options=("like", "later"),
)
