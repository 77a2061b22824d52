"""Transforms in a pipeline: which batches they change whole, and which come item by item."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.core.model import Item
from stac_ingest.core.rows import Rows
from stac_ingest.outputs import make_output, read_output
from stac_ingest.pipeline import run_pipeline
from stac_ingest.transforms import FilterItems, UpdateItems

ITEMS = 200


class Counted:
    """A modifier that counts the batches it changed whole, and the items that came singly."""

    def __init__(self, modifier: FilterItems | UpdateItems) -> None:
        self._modifier = modifier
        self.whole = self.singly = 0

    def modify(self, item: Item, context: WorkflowContext) -> Item | None:
        self.singly += 1
        return self._modifier.modify(item, context)

    def modify_rows(self, rows: Rows, context: WorkflowContext) -> Rows | None:
        changed = self._modifier.modify_rows(rows, context)
        self.whole += changed is not None
        return changed


def item(number: int) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"i{number:03}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [number % 90, 1.0]},
        "bbox": [number % 90, 1.0, number % 90, 1.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "n": number, "x": "gone"},
        "links": [],
        "assets": {},
    }


async def run(source: Path, to: str, out: Path, modifiers: list[Any]) -> list[Item]:
    """Run a pipeline, and give what it has written."""
    output = make_output(to, out)
    module = IngestModule({"mode": "file", "source": str(source)})
    await run_pipeline(module, modifiers, output, WorkflowContext())
    return sorted(read_output(to, out), key=lambda found: found["id"])


@pytest.mark.parametrize(("kind", "to"), [("files", "ndjson"), ("files", "geoparquet"), ("table", "geoparquet")])
async def test_no_item_comes_singly(kind: str, to: str, tmp_path: Path) -> None:
    """Of files and of a table, every batch that the source gives whole is filtered and changed whole."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(ITEMS):
        (source / f"i{number:03}.json").write_text(json.dumps(item(number)))
    if kind == "table":
        await run(source, "geoparquet", tmp_path / "table", [])
        source = tmp_path / "table" / "part-00000.parquet"
    wanted = Counted(FilterItems("n < 50 AND S_INTERSECTS(geometry, BBOX(0, 0, 40, 2))"))
    update = Counted(UpdateItems({"rename": {"n": "count"}, "remove": ["x"], "set": {"by": "a"}}))
    written = await run(source, to, tmp_path / "out", [wanted, update])
    assert [found["id"] for found in written] == [f"i{number:03}" for number in range(41)]
    assert written[3]["properties"] == {"datetime": "2024-01-01T00:00:00Z", "count": 3, "by": "a"}
    assert wanted.whole > 0
    assert wanted.singly == 0
    # A table's batch of which nothing is kept has no columns to change.
    assert update.singly == 0
