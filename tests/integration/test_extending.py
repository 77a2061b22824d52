"""The examples of `docs/extending.md`: that of the simulator, and that every one is tried somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documented import PAGE, defined_by, examples
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.simulator.faults.registry import BEHAVIOURS, describe
from ingest_bench.simulator.in_process import serving
from ingest_bench.simulator.item_store import open_store
from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.errors import ResponseError

ROOT = PAGE.parents[1]


async def test_a_new_behaviour_is_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented behaviour is listed, is named like any other, and does to a client what it says."""
    kind = defined_by("teapot.py", "Teapot")
    monkeypatch.setitem(BEHAVIOURS, kind.name, kind)
    build("api", Corpus(kind="api", items=30), 0, tmp_path / "api", tmp_path / "api.json", 1)
    async with serving(open_store(tmp_path / "api"), ["teapot=3"]) as server:
        settings = {"mode": "api", "source": server.url, "collection_id": "sentinel-2-l2a", "limit": 10}
        items = IngestModule(settings).fetch(WorkflowContext())
        assert len([await anext(items) for _ in range(20)]) == 20
        with pytest.raises(ResponseError, match="418"):
            await anext(items)
        assert server.applied == 1


def test_behaviours_are_listed_by_their_module() -> None:
    """A class of a module with a name is a behaviour, whether or not anything else knows of it."""
    for path in (ROOT / "src/ingest_bench/simulator/faults").glob("*.py"):
        for name in re.findall(r'^    name = "(.+)"$', path.read_text(), re.MULTILINE):
            assert BEHAVIOURS[name].__module__.endswith(f".{path.stem}")
            assert f"  {name}" in describe()


def test_every_example_is_tried() -> None:
    """Each code block of the page has a name by which a test runs it."""
    text = PAGE.read_text()
    assert len(examples()) == text.count("\n```python") == len(re.findall(r"^```$", text, re.MULTILINE))
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for name in examples():
        assert f'"{name}"' in tests or f'"{name.removesuffix(".py")}"' in tests
