"""The comparison of random sets: the lists are exactly right."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.task import AuditTask
from stac_ingest.config import IngestConfig

keys = st.tuples(st.sampled_from(["", "c", "d"]), st.text("ab/\0é", min_size=1, max_size=2))
sides = st.lists(st.tuples(keys, st.integers(0, 1)), min_size=1, max_size=12)


def item(key: tuple[str, str], value: int) -> dict[str, Any]:
    collection, item_id = key
    of = {"collection": collection} if collection else {}
    return {
        "type": "Feature",
        "id": item_id,
        **of,
        "geometry": None,
        "properties": {"n": value},
        "links": [],
        "assets": {},
    }


def write(folder: Path, name: str, some: list[tuple[tuple[str, str], int]]) -> IngestConfig:
    (folder / name).write_text("".join(json.dumps(item(*one)) + "\n" for one in some))
    return IngestConfig(mode="file", source=str(folder / name))


@given(sides, sides)
@settings(max_examples=40, deadline=None)
def test_the_lists_are_exactly_right(
    output: list[tuple[tuple[str, str], int]], source: list[tuple[tuple[str, str], int]]
) -> None:
    """Of any two lists of items, the first copy of each counts: what is missing, extra, different or there again."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        task = AuditTask(
            output=write(folder, "output.ndjson", output),
            against=write(folder, "source.ndjson", source),
            report=folder / "audit.ndjson",
        )
        audit = Audit(task)
        asyncio.run(audit.compare())
        audit.close()
        report = folder / "audit.ndjson"
        lines = [orjson.loads(line) for line in report.read_bytes().splitlines()] if report.exists() else []
    first, other = dict(reversed(output)), dict(reversed(source))
    expected = Counter(
        [
            *(("missing", *key) for key in other.keys() - first.keys()),
            *(("extra", *key) for key in first.keys() - other.keys()),
            *(("different", *key) for key in first.keys() & other.keys() if first[key] != other[key]),
            *(("repeated", *key) for side in (output, source) for key in _again(side)),
        ]
    )
    assert Counter((line["what"], line["collection"], line["id"]) for line in lines) == expected
    assert (audit.missing, audit.extra, audit.different) == tuple(
        sum(count for (what, *_), count in expected.items() if what == name)
        for name in ("missing", "extra", "different")
    )


def _again(side: list[tuple[tuple[str, str], int]]) -> list[tuple[str, str]]:
    return [key for number, (key, _) in enumerate(side) if key in {before for before, _ in side[:number]}]
