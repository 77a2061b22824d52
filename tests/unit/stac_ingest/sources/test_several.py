"""Several sources as one: patterns, lists, files and folders. Each file is read once."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.cli.main import COMPLETE, INCOMPLETE, main
from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs import read_output
from stac_ingest.sharding import ShardedIngest, plan_ingest


def item(name: str) -> bytes:
    return json.dumps({"type": "Feature", "id": name, "geometry": None, "properties": {}}).encode()


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of some files."""
    for path, data in {
        "items/a.json": item("a"),
        "items/deep/b.json": item("b"),
        "items/deep/er/c.json": item("c"),
        "items/.hidden/d.json": item("d"),
        "items/deep/readme.txt": b"words",
        "lines/e.ndjson": item("e") + b"\n" + item("f"),
        "lines/g.ndjson.gz": gzip.compress(item("g")),
        "lines/odd[1].json": item("odd"),
        "list.txt": b"items/a.json\n\nlines/odd[1].json\r\nmissing.json\nlines\n",
    }.items():
        place = tmp_path / "in" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (tmp_path / "in/items/deep/circle").symlink_to(tmp_path / "in/items")
    row = {"id": "t", "collection": "c", "geometry": None, "links": [], "assets": {"x": {"href": "y"}}}
    (tmp_path / "in/tables/year=2024").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "in/tables/year=2024/t.parquet")
    monkeypatch.chdir(tmp_path / "in")


async def fetched(source: str | list[str], **settings: Any) -> tuple[list[str], list[str], list[str]]:
    module, context = IngestModule({"mode": "file", "source": source, **settings}), WorkflowContext()
    ids = [found["id"] async for found in module.fetch(context)]
    return sorted(ids), [failure.item_id for failure in context.failure_collector.get_all()], module.summary.notes


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("items/*.json", "a"),
        ("items/**/*.json", "abc"),
        ("items/deep/**/*.json", "bc"),
        ("**/*.ndjson*", "efg"),
        ("**/deep/**/?.json", "bc"),
        ("item[st]", "abc"),
        ("lines/*.ndjson*", "efg"),
        (["items/a.json", "lines/e.ndjson"], "aef"),
        (["items", "items/deep/b.json", "items/*.json"], "abc"),
        (["items/a.json", "tables/*/*.parquet"], "at"),
    ],
)
async def test_each_file_is_read_once(source: str | list[str], wanted: str) -> None:
    """Whatever names a file, however often, its items come once; circles and hidden folders are not entered."""
    ids, failures, _ = await fetched(source)
    assert (ids, failures) == (list(wanted), [])


async def test_a_list_has_paths_as_they_are() -> None:
    """A bracket in a list is no pattern, folders are read, and what is missing is a failure by its name."""
    ids, failures, _ = await fetched("@list.txt")
    assert (ids, failures) == (["a", "e", "f", "g", "odd"], ["missing.json"])


async def test_a_file_of_such_a_name_is_itself() -> None:
    """What is there by the name that is given is read, though it looks like a pattern."""
    assert (await fetched("lines/odd[1].json"))[0] == ["odd"]


async def test_what_is_passed_over_is_told() -> None:
    """Files that a pattern matches and nothing can read are counted and named in a note."""
    ids, _, notes = await fetched("items/deep/*.*")
    assert ids == ["b"]
    assert any("skipped 1 file of unknown kind (readme.txt)" in note for note in notes)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nothing/*.json", "no file matches nothing"),
        ("@none.txt", "there is no file none.txt"),
        (["items", "-"], "standard input can't be one of several"),
        (["items", "https://example.com/stac"], "can't be one of several"),
        ("@" + "long" * 100, "there is no file"),
        ("long" * 100 + "/*.json", "no file matches"),
    ],
)
async def test_what_can_not_be_read_is_refused(source: str | list[str], words: str) -> None:
    """A pattern without a match, a missing list, and what isn't a file are refused in words."""
    with pytest.raises(ConfigurationError, match=words):
        await fetched(source)


def test_the_command_takes_several_sources(tmp_path: Path) -> None:
    """Shells expand patterns; a failure and a resume are as of one folder."""
    out = tmp_path / "out"
    arguments = ["items/a.json", "lines/e.ndjson", "items/deep/b.json", "--to", "ndjson", "--output", str(out)]
    Path("items/a.json").write_bytes(b"{")
    assert main(arguments) == INCOMPLETE
    Path("items/a.json").write_bytes(item("a"))
    assert main([*arguments, "--resume"]) == COMPLETE
    assert sorted(found["id"] for found in read_output("ndjson", out)) == ["a", "b", "e", "f"]


async def test_more_files_than_fit_into_a_path(tmp_path: Path) -> None:
    """A shell's list of names is longer than any path may be."""
    many = tmp_path / "in/many"
    many.mkdir()
    paths = [many / f"{number:0100}.json" for number in range(100)]
    for number, path in enumerate(paths):
        path.write_bytes(item(f"{number:02}"))
    ids, failures, _ = await fetched([str(path) for path in paths])
    assert (ids, failures) == ([f"{number:02}" for number in range(100)], [])


def test_hrefs_lead_from_each_file(tmp_path: Path) -> None:
    """Made absolute, a relative link is that of the file that it stood in."""
    linked = json.loads(item("a")) | {"assets": {"x": {"href": "./x.tif"}}}
    Path("items/a.json").write_text(json.dumps(linked))
    sources = ["items/a.json", "lines/e.ndjson"]
    assert main([*sources, "--to", "ndjson", "--output", str(tmp_path / "out"), "--hrefs", "absolute"]) == COMPLETE
    found = {one["id"]: one for one in read_output("ndjson", tmp_path / "out")}
    assert found["a"]["assets"]["x"]["href"] == Path("items/x.tif").absolute().as_uri()


def test_an_ingest_in_shards_takes_one_source(tmp_path: Path) -> None:
    """It says what to use instead."""
    with pytest.raises(ConfigurationError, match="several files can't be cut into shards"):
        plan_ingest(ShardedIngest.parse({"source": "items/*.json", "output": str(tmp_path / "out")}))
