"""What is missing is fetched, where the comparison had ids alone: from an API those items, and no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import aclosing
from functools import partial
from pathlib import Path

import orjson

from stac_ingest.audit.compare import Audit, Progress
from stac_ingest.audit.side import Side
from stac_ingest.config import IngestConfig

_TOGETHER = 10_000
"""Ids of a collection that are asked for in one search, which asks for a page of them at a time."""


async def fetch_missing(audit: Audit, source: IngestConfig, progress: Progress) -> None:
    """Read what is missing from the source that has it, to the audit's `lacking`.

    Args:
        audit: that has ended, and has named what is missing.
        source: where the items are.
        progress: told what is done.

    Raises:
        ConfigurationError: the source can't be asked.

    """
    side = Side("where the items are")
    for config in _searches(audit, source) if source.mode == "api" else [source]:
        counted = partial(progress, "reading what is missing")
        async with aclosing(side.read(config, counted)) as items:
            async for item in items:
                if audit.is_missing(item):
                    audit.lacking.add(item)
    audit.source.problems += side.problems


def _searches(audit: Audit, source: IngestConfig) -> Iterator[IngestConfig]:
    for collection, ids in _missing(audit.findings.path):
        of = {"collection_id": collection, "collections": None} if collection else {}
        yield source.replace(ids=ids, **of)


def _missing(report: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the ids of missing items, some of a collection together."""
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    with report.open("rb") as lines:
        for line in lines:
            found = orjson.loads(line)
            if found["what"] != "missing":
                continue
            ids = waiting[found["collection"]]
            ids.append(found["id"])
            if len(ids) == _TOGETHER:
                yield found["collection"], waiting.pop(found["collection"])
    yield from waiting.items()
