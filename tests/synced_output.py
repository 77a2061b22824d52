"""The output of a sync, as those see it who go by its manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stac_ingest.outputs import read_output


def held(folder: Path) -> dict[str, Any]:
    """Return the items of an output by id, none before the first run was published; each is there once."""
    if not (folder / "manifest.json").exists():
        return {}
    manifest = json.loads((folder / "manifest.json").read_bytes())
    parts = [part for partition in manifest["partitions"] for part in partition["parts"]]
    items = [item for part in parts for item in read_output("geoparquet", folder / part["path"])]
    assert len(items) == manifest["items"] == sum(part["items"] for part in parts)
    found = {item["id"]: item for item in items}
    assert len(found) == len(items)
    return found
