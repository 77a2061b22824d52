"""One tool on one set of items: what it wrote is read by us, or ours by it, and held against the items."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ingest_bench.writer_table.differences import Difference, differences
from ingest_bench.writer_table.rows import items_of_table
from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.errors import IngestError

TIMEOUT_S = 120
"""For one tool to start and do its work, on a busy machine."""
_MODULE = "ingest_bench.writer_table.programs"


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python with tools."""

    python: Path
    versions: Mapping[str, str]
    """Of each package that it has."""


@dataclass(slots=True)
class Trial:
    """The outcome."""

    refused: str = ""
    """What the tool raised."""
    unsafe: bool = False
    """Whether the tool's process ended by itself, or had to be ended."""
    found: list[Difference] = field(default_factory=list)
    """Between the items that were written and those that were read."""
    ours: list[Difference] = field(default_factory=list)
    """Those of them that aren't in the file: our reader made them."""
    reported: list[str] = field(default_factory=list)
    """What our reader said of values that it changed, items that it left out, and choices that it made."""


def environment(python: Path) -> Environment:
    """Give a Python with the versions of the packages that it has.

    Raises:
        OSError: there is none.

    """
    return Environment(python, _run(python, ["versions"], Path.cwd()))


def written(where: Environment, key: str, items: Sequence[dict[str, Any]], folder: Path) -> Trial:
    """Let a tool write a table, read it, and tell what differs.

    Args:
        where: the tool is.
        key: the writer's.
        items: to write.
        folder: for files; empty.

    """
    source, table = folder / "items.json", folder / "table.parquet"
    source.write_text(json.dumps(items))
    trial = Trial()
    if not _ended_well(trial, where.python, ["write", key, str(source), str(table)], folder):
        return trial
    ours, trial.reported = asyncio.run(_read(table))
    stored = json.loads(json.dumps(items_of_table(pq.read_table(table))))
    in_file = set(differences(items, stored))
    trial.found = differences(items, ours)
    by_us = {one.path for one in differences(stored, ours)}
    trial.ours = [one for one in trial.found if one.path in by_us and one not in in_file]
    return trial


def read_by(where: Environment, key: str, items: Sequence[dict[str, Any]], table: Path, folder: Path) -> Trial:
    """Let a tool read a table of ours, and tell what differs from the items.

    Args:
        where: the tool is.
        key: the reader's.
        items: in the table.
        table: ours.
        folder: for files.

    """
    found, trial = folder / "found.json", Trial()
    if _ended_well(trial, where.python, ["read", key, str(table), str(found)], folder):
        trial.found = differences(items, json.loads(found.read_text()))
    return trial


async def _read(table: Path) -> tuple[list[dict[str, Any]], list[str]]:
    context, module = WorkflowContext(), IngestModule({"mode": "file", "source": str(table)})
    items = []
    try:
        items = [item async for item in module.fetch(context)]
    except IngestError as error:
        return [], [str(error).replace(str(table), table.name)]
    changed = [f"{change.member}: {change.what}" for change in context.changes.get_all()]
    failed = [f"{failure.item_id}: {failure.error}" for failure in context.failure_collector.get_all()]
    return items, [*dict.fromkeys(changed), *failed, *module.summary.notes]


def _ended_well(trial: Trial, python: Path, arguments: list[str], folder: Path) -> bool:
    ended = _run(python, arguments, folder)
    trial.unsafe = ended.get("unsafe", False)
    trial.refused = f"{ended['error']}: {ended['message']}" if "error" in ended else ""
    return not (trial.unsafe or trial.refused)


def _run(python: Path, arguments: list[str], folder: Path) -> dict[str, Any]:
    # A home of its own, where tools put and look for what they install.
    own = {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder), "PYTHONWARNINGS": "ignore"}
    command = [str(python), "-m", _MODULE, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **own}, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return {"unsafe": True}
    if done.returncode or not done.stdout.strip():
        return {"unsafe": True}
    ended: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return ended
