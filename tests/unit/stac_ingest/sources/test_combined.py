from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from stac_ingest.config import IngestConfig
from stac_ingest.failure_reporter import FailureReporter
from stac_ingest.failures import FailureCollector
from stac_ingest.sources.combined import CombinedSource
from stac_ingest.sources.json_folder import json_folder_source
from stac_ingest.summary import IngestSummary

FILES = {"a.json": ["a"], "b.ndjson": ["b", "c"]}


def write(path: Path, ids: list[str]) -> None:
    """Write items to a file, one a line."""
    items = [{"type": "Feature", "id": item_id, "geometry": None, "properties": {}} for item_id in ids]
    path.write_text("\n".join(map(json.dumps, items)))


async def read(folder: Path, known: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]], CombinedSource]:
    """Read a folder of both kinds, and give the ids, the positions that are known then, and the source."""
    config, summary = IngestConfig(mode="file", source=str(folder)), IngestSummary()
    reject = FailureReporter(FailureCollector(), logging.getLogger(__name__), summary)
    source = json_folder_source(folder, config, summary)
    assert isinstance(source, CombinedSource)
    source.resume(known)
    ids, noted = [], list(known)
    await source.open()
    async for unit in source.units():
        async for batch in source.read(unit):
            ids += [item["id"] for item in source.decode(batch, reject)]
            position = source.position(batch, clean=True)
            noted += [] if position is None else [position]
    await source.close()
    return sorted(ids), noted, source


@pytest.mark.parametrize("changed", FILES)
async def test_a_change_of_one_kind_has_all_kinds_read_again_once(tmp_path: Path, changed: str) -> None:
    """Files of both kinds are left out by a later run, until one of either has changed; that is noticed once."""
    for name, ids in FILES.items():
        write(tmp_path / name, ids)
    first, known, source = await read(tmp_path, [])
    again, unchanged, resumed = await read(tmp_path, known)
    assert (first, again, unchanged) == (["a", "b", "c"], [], known)
    assert resumed.listing() == source.listing()
    write(tmp_path / changed, ["new"] if changed == "a.json" else ["b", "c", "new"])
    after, known, renewed = await read(tmp_path, known)
    assert after == (["b", "c", "new"] if changed == "a.json" else ["a", "b", "c", "new"])
    assert renewed.listing() != source.listing()
    assert (await read(tmp_path, known))[0] == []
