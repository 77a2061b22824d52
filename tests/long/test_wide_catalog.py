"""A catalog of 61,000 children, or of a tenth of them where `TEST_LONG` isn't set, is read once, in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from stac_ingest.config import IngestConfig
from stac_ingest.sources.catalog.local import LocalReader
from stac_ingest.sources.catalog.readers import Document
from stac_ingest.sources.catalog.source import CatalogSource
from stac_ingest.summary import IngestSummary

CHILDREN = 61_000 if "TEST_LONG" in os.environ else 6_100
# What a process was forked off counts in what `wait4` says of it, so it says itself what it took.
WITH_PEAK = """
import re, sys
from pathlib import Path
from stac_ingest.cli.main import main
code = main()
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
sys.exit(code)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the catalog: an item for each child."""
    folder = tmp_path_factory.mktemp("wide")
    children = [{"rel": "child", "href": f"./{number}/collection.json"} for number in range(CHILDREN)]
    (folder / "catalog.json").write_text(json.dumps({"type": "Catalog", "id": "wide", "links": children}))
    for number in range(CHILDREN):
        place = folder / str(number)
        place.mkdir()
        links = [{"rel": "root", "href": "../catalog.json"}, {"rel": "item", "href": "./item.json"}]
        (place / "collection.json").write_text(json.dumps({"type": "Collection", "id": str(number), "links": links}))
        item = {"type": "Feature", "id": f"i{number}", "geometry": None, "properties": {}, "links": [], "assets": {}}
        (place / "item.json").write_text(json.dumps(item))
    return folder / "catalog.json"


class Counting(LocalReader):
    """Counts what is read."""

    def __init__(self, root: str, config: IngestConfig, summary: IngestSummary) -> None:
        super().__init__(root, config, summary)
        self.counts: Counter[str] = Counter()

    async def read(self, urls: Sequence[str]) -> Sequence[Document]:
        """Read, and count what was read."""
        found = await super().read(urls)
        self.counts.update(document.url for document in found)
        return found


async def test_each_document_is_read_once(root: Path) -> None:
    """A walk reads the catalog, each child and each item once, and nothing else."""
    config, summary = IngestConfig(mode="file", source=str(root)), IngestSummary()
    reader = Counting(str(root), config, summary)
    source = CatalogSource(reader, config, summary)
    await source.open()
    items = 0
    async for unit in source.units():
        async for batch in source.read(unit):
            items += sum(1 for _ in source.decode(batch, lambda origin, error: pytest.fail(f"{origin}: {error}")))
    await source.close()
    assert items == CHILDREN
    assert len(reader.counts) == 2 * CHILDREN + 1
    assert set(reader.counts.values()) == {1}
    assert summary.unread == 0


def test_the_command_takes_little_memory(root: Path, tmp_path: Path) -> None:
    """The command reads it in less than 150 MiB, and says what it took."""
    command = [sys.executable, "-c", WITH_PEAK, str(root), "--to", "ndjson", "--output", str(tmp_path)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    peak = int(ended.stdout) / 1024
    sys.stderr.write(f"{CHILDREN:,} children: {peak:.0f} MiB at the peak\n")
    assert peak < 150
