"""The comparison of random sets: the lists are exactly right; and what it holds in memory."""

from __future__ import annotations

import asyncio
import json
import tempfile
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.ledger import Ledger
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


@given(st.lists(keys, max_size=30), keys)
@settings(max_examples=40, deadline=None)
def test_a_ledger_finds_what_was_added(some: list[tuple[str, str]], other: tuple[str, str]) -> None:
    """Each key is found as often as it was added, with its number, and no other is."""
    ledger = Ledger()
    for number, key in enumerate(some):
        ledger.add(*key, number)
    for key in {*some, other}:
        found = sorted(ledger.number(place) for place in ledger.find(*key))
        assert found == [number for number, one in enumerate(some) if one == key]


def test_a_ledger_knows_ids_alone_where_that_is_asked() -> None:
    """By id alone, items of one id in two collections are found together."""
    ledger = Ledger(by_id=True)
    ledger.add("c", "a")
    ledger.add("d", "a")
    assert len(ledger.find("", "a")) == 2


def test_an_item_takes_few_bytes() -> None:
    """100,000 items take less than 60 bytes each at any moment, sorting included: 5 million less than 300 MB."""
    count = 100_000
    tracemalloc.start()
    ledger = Ledger()
    for number in range(count):
        ledger.add("c", f"item {number}", number)
    ledger.sort()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * count
    assert len(ledger.find("c", "item 7")) == 1
