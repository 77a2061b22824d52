"""Relative hrefs made absolute, and left alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.simulator.in_process import serving
from ingest_bench.simulator.item_store import open_store
from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard
from stac_ingest.sources.hrefs import absolute, make_absolute, without_query


def item(name: str, href: str = "./B04.tif", **more: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [{"rel": "collection", "href": "../collection.json"}],
        "assets": {"B04": {"href": href}},
        **more,
    }


@pytest.mark.parametrize(
    ("href", "base", "expected"),
    [
        ("./B04.tif", "file:///a/b/c.json", "file:///a/b/B04.tif"),
        ("../B 4.tif", "file:///a/b%20c/d.json", "file:///a/B 4.tif"),
        ("/x/B04.tif", "file:///a/b.json", "file:///x/B04.tif"),
        ("B04.tif", "s3://bucket/a/b.json", "s3://bucket/a/B04.tif"),
        ("../../../../B04.tif", "s3://bucket/a/b.json", "s3://bucket/B04.tif"),
        ("./B04.tif", "https://host:8080/v1/items/a", "https://host:8080/v1/items/B04.tif"),
        ("B04.tif?v=1#x", "https://host/a", "https://host/B04.tif?v=1#x"),
        ("https://other/B04.tif", "https://host/a", "https://other/B04.tif"),
        ("s3://bucket/B04.tif", "file:///a", "s3://bucket/B04.tif"),
        ("//cdn/B04.tif", "https://host/a", "//cdn/B04.tif"),
        ("/vsis3/bucket/B04.tif", "file:///a", "/vsis3/bucket/B04.tif"),
        ("data:text/plain,a", "file:///a", "data:text/plain,a"),
    ],
)
def test_an_href_and_where_it_leads(href: str, base: str, expected: str) -> None:
    """Relative hrefs are joined as URLs are, whatever the scheme; all others stay as they are."""
    assert absolute(href, base) == expected


def test_neither_credentials_nor_queries_get_into_an_href() -> None:
    """What a page's URL holds beside its place is left out."""
    assert without_query("https://me:secret@host:8/a/b?token=secret#x") == "https://host:8/a/b"


@pytest.mark.parametrize(
    "more", [{"links": None}, {"links": [7, {"rel": "x"}], "assets": []}, {"assets": {"a": None, "b": {"href": 7}}}]
)
def test_odd_items_are_no_error(more: dict[str, Any]) -> None:
    """Members of another form than they should have are left as they are."""
    found = make_absolute(item("a", **more), "file:///x/a.json")
    assert found["id"] == "a"


async def read(source: Path | str, **settings: Any) -> dict[str, dict[str, Any]]:
    module = IngestModule({"mode": "file", "source": str(source), **settings})
    return {one["id"]: one async for one in module.fetch(WorkflowContext())}


def hrefs(found: dict[str, Any]) -> list[str]:
    return [found["assets"]["B04"]["href"], *(link["href"] for link in found["links"])]


def source(folder: Path) -> Path:
    """Write items of each kind of file, each in a folder of its own."""
    for name in ("one", "many", "lines", "packed"):
        (folder / name).mkdir(parents=True)
    (folder / "one/a.json").write_text(json.dumps(item("a")))
    (folder / "many/b.json").write_text(json.dumps({"type": "FeatureCollection", "features": [item("b"), item("c")]}))
    (folder / "lines/d.ndjson").write_text(json.dumps(item("d")) + "\n")
    (folder / "packed/e.json.gz").write_bytes(gzip.compress(json.dumps(item("e")).encode()))
    return folder


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_files_of_a_folder(tmp_path: Path, concurrency: int) -> None:
    """Each href leads to beside the item's own file, which is the `self` link of an item that has a file."""
    folder = source(tmp_path / "x y")
    at = folder.as_uri()
    kept = await read(folder, concurrency=concurrency)
    assert {tuple(hrefs(one)) for one in kept.values()} == {("./B04.tif", "../collection.json")}
    found = await read(folder, concurrency=concurrency, hrefs="absolute")
    collection = f"{at}/collection.json"
    assert hrefs(found["a"]) == [f"{at}/one/B04.tif", collection, f"{at}/one/a.json"]
    assert hrefs(found["b"]) == hrefs(found["c"]) == [f"{at}/many/B04.tif", collection]
    assert hrefs(found["d"]) == [f"{at}/lines/B04.tif", collection]
    assert hrefs(found["e"]) == [f"{at}/packed/B04.tif", collection, f"{at}/packed/e.json.gz"]


async def test_single_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file given by itself, by a relative path, is the place of its items; a `self` link that is there stays."""
    links = [{"rel": "self", "href": "https://host/a.json"}]
    (tmp_path / "a.json").write_text(json.dumps(item("a", links=links)))
    with GeoParquetWriter(tmp_path / "b.parquet") as writer:
        writer.write([item("b")])
    monkeypatch.chdir(tmp_path)
    assert hrefs((await read("a.json", hrefs="absolute"))["a"]) == [
        f"{tmp_path.as_uri()}/B04.tif",
        "https://host/a.json",
    ]
    assert hrefs((await read("b.parquet", hrefs="absolute"))["b"])[0] == f"{tmp_path.as_uri()}/B04.tif"


async def test_an_api(tmp_path: Path) -> None:
    """Items of an API are where their `self` link says."""
    build("api", Corpus(kind="api", items=10), 0, tmp_path / "api", tmp_path / "api.json", 1)
    async with serving(open_store(tmp_path / "api")) as server:
        settings = {"mode": "api", "collection_id": "sentinel-2-l2a", "hrefs": "absolute", "concurrency": 3}
        found = await read(server.url, **settings)
        kept = await read(server.url, **(settings | {"hrefs": "keep"}))
    assert found.keys() == kept.keys()
    assert all("://" in link["href"] for one in found.values() for link in one["links"])


def test_shards_read_the_setting(tmp_path: Path) -> None:
    """An ingest in shards makes the same hrefs as the module."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - one test needs it

    folder = source(tmp_path / "in")
    settings = {"source": str(folder), "output": str(tmp_path / "out"), "shards": 3, "hrefs": "absolute"}
    plan = plan_ingest(ShardedIngest.parse(settings))
    for shard in plan.shards:
        run_shard(plan, shard.number)
    assert finalize_ingest(plan).items == 5
    assets = pq.read_table(tmp_path / "out/items", columns=["id", "assets"]).to_pylist()
    found = {row["id"]: row["assets"]["B04"]["href"] for row in assets}
    names = {"a": "one", "b": "many", "c": "many", "d": "lines", "e": "packed"}
    assert found == {name: f"{folder.as_uri()}/{where}/B04.tif" for name, where in names.items()}
