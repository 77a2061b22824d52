"""What tests of audits share: items, outputs of them in each format, and the command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stac_ingest import WorkflowContext
from stac_ingest.cli.audit import run_audit_command
from stac_ingest.outputs import OUTPUTS, make_output

Item = dict[str, Any]
COUNT = 24
FORMATS = [name for name, output in OUTPUTS.items() if output.reader is not None]
"""Outputs of files."""
REPAIRED = [name for name in FORMATS if name not in {"catalog", "delta", "iceberg"}]


class Said(NamedTuple):
    """What an audit came to."""

    code: int
    words: str
    found: list[tuple[str, str, str]]
    """What, collection and id of each line of `audit.ndjson`, sorted."""
    lines: list[dict[str, Any]]


def item(number: int, **properties: Any) -> Item:
    """Return an item; one id is in two collections, values are written in several ways."""
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"i{number // 2:03d}",
        "collection": "dc"[number % 2],
        "geometry": {"type": "Point", "coordinates": [number, 1]},
        "bbox": [number, 1, number, 1.0],
        "properties": {"datetime": "2024-01-01T02:00:00.500+02:00", "n": number, "none": None, **properties},
        "links": [],
        "assets": {"data": {"href": "./a.tif", "roles": []}},
    }


def items() -> list[Item]:
    """Return all of the items."""
    return [item(number) for number in range(COUNT)]


def write_source(folder: Path, some: Sequence[Item]) -> Path:
    """Write a source of one file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "source.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in some))
    return path


def skip_without_extra(name: str) -> None:
    """Skip a test of an output whose library isn't there."""
    for module in OUTPUTS[name].preload if OUTPUTS[name].extra else ():
        pytest.importorskip(module)


def write_output(name: str, folder: Path, some: Sequence[Item]) -> Path:
    """Write an output, in several parts where it has some, with copies where items come again."""
    skip_without_extra(name)

    async def write() -> None:
        context = WorkflowContext()
        output = make_output(name, folder / OUTPUTS[name].subfolder)
        if name == "geoparquet":
            output._part_items, output._batch_items = 8, 4
        for one in some:
            await output.bundle(one, context)
        await output.finalize(context)

    asyncio.run(write())
    (folder / ".checkpoints" / name).mkdir(parents=True, exist_ok=True)
    return folder


def audit(folder: Path, *arguments: object) -> Said:
    """Run an audit, and return what it says."""
    words = StringIO()
    with redirect_stdout(words):
        code = run_audit_command([str(folder), *map(str, arguments)])
    report = (folder if folder.is_dir() else folder.parent) / "audit.ndjson"
    lines = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    found = sorted((line["what"], line["collection"], line["id"]) for line in lines)
    return Said(code, words.getvalue(), found, lines)
