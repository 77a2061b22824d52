"""Numbers that JSON parsers round or refuse, from the source to the output: kept, or named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sharding_items import item

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.cli.main import COMPLETE, main
from stac_ingest.outputs import kept_in_files

LONG = 12345678901234567890123
FORMS = ["a.json", "items.json", "items.ndjson"]


def write(folder: Path, form: str) -> Path:
    """Write three items, with numbers that are hard to keep, in a form of files."""
    folder.mkdir()
    first = item(0, assets={"b": {"href": "https://example.com/b", "raster:bands": [{"nodata": float("nan")}]}})
    second = item(1, properties={"datetime": "2024-01-01T00:00:00Z", "long": [LONG, -LONG], "x": 1})
    texts = [json.dumps(first), json.dumps(second), json.dumps(item(2)).replace('"number": 2', '"number": 1e400')]
    if form == "a.json":
        for number, text in enumerate(texts):
            (folder / f"{number}.json").write_text(text)
        return folder
    path = folder / form
    path.write_text("\n".join(texts) if form.endswith("ndjson") else f"[{','.join(texts)}]")
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", kept_in_files())
def test_a_command_keeps_or_names_them(tmp_path: Path, form: str, name: str) -> None:
    """A long whole number is kept to its last digit, nodata is a word, and what JSON hasn't is named in the notes."""
    source, out = write(tmp_path / "in", form), tmp_path / "out"
    assert main([str(source), "--to", name, "--output", str(out)]) == COMPLETE
    changed = [json.loads(line) for line in (out / "notes.ndjson").read_text().splitlines()]
    assert {(one["item_id"], one["member"]) for one in changed} >= {("i0002", "properties.number")}
    assert json.loads((out / "certificate.json").read_text())["verdict"] == "complete with changes"
    back = main([str(out), "--to", "ndjson", "--output", str(tmp_path / "back")])
    assert back == COMPLETE
    found = {one["id"]: one for one in map(json.loads, (tmp_path / "back/items.ndjson").read_text().splitlines())}
    assert found["i0000"]["assets"]["b"]["raster:bands"] == [{"nodata": "nan"}]
    assert found["i0001"]["properties"]["long"] == [LONG, -LONG]


@pytest.mark.parametrize("form", FORMS)
async def test_the_module_yields_them_as_they_are(tmp_path: Path, form: str) -> None:
    """The module rounds no whole number."""
    module = IngestModule({"mode": "file", "source": str(write(tmp_path / "in", form))})
    found: dict[str, Any] = {one["id"]: one async for one in module.fetch(WorkflowContext())}
    assert found["i0001"]["properties"]["long"] == [LONG, -LONG]
    assert found["i0002"]["properties"]["number"] == float("inf")


def many_files(folder: Path) -> Path:
    """Write 400 item files, of which a late one has a long number that a sample of texts doesn't see."""
    folder.mkdir()
    for number in range(400):
        properties = {"datetime": "2024-01-01T00:00:00Z", "long": LONG if number == 150 else 1}
        (folder / f"{number:03}.json").write_text(json.dumps(item(number, properties=properties)))
    return folder


def written(folder: Path) -> dict[str, Any]:
    return {one["id"]: one for one in map(json.loads, (folder / "items.ndjson").read_text().splitlines())}


def test_the_command_sees_a_lone_one_among_many(tmp_path: Path) -> None:
    """What is called complete holds every digit of the one long number of a large folder."""
    source, out = many_files(tmp_path / "in"), tmp_path / "out"
    assert main([str(source), "--to", "ndjson", "--output", str(out)]) == COMPLETE
    assert written(out)["i0150"]["properties"]["long"] == LONG


def test_a_sample_is_said_to_be_one(tmp_path: Path) -> None:
    """Where a sample is asked for, the certificate says that long numbers may have been rounded."""
    source, out = many_files(tmp_path / "in"), tmp_path / "out"
    one_by_one = ("--no-exact-numbers", "--hrefs", "absolute")
    assert main([str(source), "--to", "ndjson", "--output", str(out), *one_by_one]) == COMPLETE
    assert written(out)["i0150"]["properties"]["long"] == float(LONG)
    assert any("sample" in note for note in json.loads((out / "certificate.json").read_text())["notes"])
