"""The output of a sync, as those see it who go by its manifest."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from stac_ingest import IngestModule, WorkflowContext


def held(folder: Path) -> dict[str, Any]:
    """Return the items of an output by id, none before the first run was published; each is there once."""
    if not (folder / "manifest.json").exists():
        return {}

    async def read() -> list[dict[str, Any]]:
        module = IngestModule({"mode": "file", "source": str(folder)})
        items = [one async for one in module.fetch(WorkflowContext())]
        assert module.summary.duplicates == 0
        return items

    manifest = json.loads((folder / "manifest.json").read_bytes())
    found = {one["id"]: one for one in asyncio.run(read())} if manifest["items"] else {}
    assert len(found) == manifest["items"]
    return found
