"""Stores of objects and files of web servers as sources, against a server on loopback that counts what it is asked."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from sharding_items import item

from stac_ingest.cli.main import BAD_DATA, BAD_SETTINGS, COMPLETE, INCOMPLETE, main
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stores_server import Objects, served, served_as_s3

pytest.importorskip("obstore")
from obstore.store import S3Store

from stac_ingest.stores.object_store import ObjectStore

COUNT = 40


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    """Serve objects, to which the environment leads."""
    with served_as_s3(monkeypatch) as found:
        yield found


def text(number: int, **more: Any) -> bytes:
    """Give the text of an item."""
    return json.dumps(item(number, **more)).encode()


def placed(number: int) -> dict[str, Any]:
    """Give an item whose number is its longitude and its day, which takes some 5 KB in a table."""
    return item(
        number,
        geometry={"type": "Point", "coordinates": [number, 1]},
        bbox=[number, 1, number, 1],
        properties={
            "datetime": f"{date(2024, 1, 1) + timedelta(number)}T00:00:00Z",
            "padding": Random(number).randbytes(5000).hex(),
        },
    )


def table(folder: Path, numbers: range, group: int = 10) -> bytes:
    """Give a table of such items, with row groups of so many."""
    path = folder / "table.parquet"
    with GeoParquetWriter(path, group) as writer:
        writer.write([placed(number) for number in numbers])
    return path.read_bytes()


def run(source: str, output: Path, *options: str) -> tuple[int, list[int], dict[str, Any]]:
    """Run the command; give its exit code, the numbers of the items written, and the certificate."""
    code = main([source, "--to", "ndjson", "--output", str(output), *options])
    written, certificate = output / "items.ndjson", output / "certificate.json"
    lines = written.read_text().splitlines() if written.exists() else []
    numbers = sorted(int(json.loads(line)["id"][1:]) for line in lines)
    return code, numbers, json.loads(certificate.read_text()) if certificate.exists() else {}


def failures(output: Path) -> dict[str, str]:
    """Give what failed, and why."""
    lines = (output / "failures.ndjson").read_text().splitlines()
    return {one["item_id"]: one["error"] for one in map(json.loads, lines)}


def test_all_below_a_prefix_is_read_as_a_folder_is(objects: Objects, tmp_path: Path) -> None:
    """Items, lists of items, lines, and packed ones come; hidden names and reports don't; catalogs are noted."""
    objects.held |= {
        "bkt/in/a.json": text(0),
        "bkt/in/2024/b c+%20ü.geojson": text(1, assets={"x": {"href": "./x.tif"}}),
        "bkt/in/c.json.gz": gzip.compress(text(2)),
        "bkt/in/d.JSON": json.dumps([item(3), item(4)]).encode(),
        "bkt/in/e/lines.ndjson.zst": zstandard.compress(b"\n".join(map(text, range(5, 8)))),
        "bkt/in/e/lines.ndjson": b"\n".join(map(text, range(8, 10))),
        "bkt/in/e/empty.ndjson": b"",
        "bkt/in/catalog.json": b'{"type": "Catalog", "id": "c"}',
        "bkt/in/.hidden/f.json": text(90),
        "bkt/in/certificate.json": b'{"verdict": "complete", "reason": "", "items": 1}',
        "bkt/in/shards/ingest.json": b'{"source": "", "output": ""}',
        "bkt/in/shards/0000.json": b'{"id": "x"}',
        "bkt/in/notes.txt": b"",
        "bkt/inside.json": text(91),
    }
    for source in ("s3://bkt/in/", "s3://bkt/in"):
        code, numbers, certificate = run(source, tmp_path / "out", "--hrefs", "absolute")
        assert (code, numbers, certificate["passed_over"]) == (COMPLETE, list(range(10)), 1)
    assert "1 Catalog (catalog.json)" in " ".join(certificate["notes"])
    lines = map(json.loads, (tmp_path / "out/items.ndjson").read_text().splitlines())
    second = next(one for one in lines if one["id"] == "i0001")
    assert second["assets"]["x"]["href"] == "s3://bkt/in/2024/x.tif"
    assert second["links"][0]["href"] == "s3://bkt/in/2024/b%20c%2B%2520%C3%BC.geojson"


@pytest.mark.parametrize("name", ["one.json", "many.ndjson", "many.ndjson.gz", "many.jsonl.zst", "table.parquet"])
@pytest.mark.parametrize("web", [False, True])
def test_one_object_is_read(objects: Objects, tmp_path: Path, name: str, *, web: bool) -> None:
    """A URL of an object, and of a file on a web server, is read as the local file is, a few requests for each."""
    lines = b"\n".join(map(text, range(COUNT)))
    packed = {"gz": gzip.compress, "zst": zstandard.compress}.get(name.rpartition(".")[2], bytes)
    held = {"one.json": text(0), "table.parquet": table(tmp_path, range(COUNT))}
    objects.held[f"bkt/{name}"] = held.get(name) or packed(lines)
    source = f"{objects.url}/bkt/{name}" if web else f"s3://bkt/{name}"
    code, numbers, certificate = run(source, tmp_path / "out")
    assert (code, numbers) == (COMPLETE, [0] if name == "one.json" else list(range(COUNT)))
    assert certificate["source"] == source
    assert (objects.lists, len(objects.asked) <= 8) == (0, True)


def test_as_many_objects_at_once_as_concurrency_says(objects: Objects, tmp_path: Path) -> None:
    """Objects are asked for once each, so many at a time, and never more, however few they are."""
    objects.held |= {f"bkt/in/{number:03}.json": text(number) for number in range(COUNT)}
    objects.think_s = 0.02
    for concurrency in (1, 5):
        objects.forget()
        code, numbers, _ = run("s3://bkt/in/", tmp_path / str(concurrency), "--concurrency", str(concurrency))
        assert (code, numbers) == (COMPLETE, list(range(COUNT)))
        assert (objects.lists, objects.most_in_flight) == (1, concurrency)
        assert Counter(objects.gets.values()) == {1: COUNT}


@pytest.mark.parametrize("web", [False, True])
def test_of_a_table_ranges_are_read(objects: Objects, tmp_path: Path, *, web: bool) -> None:
    """With a filter: the footer, the columns that tell, and one row group; without, each byte about once."""
    data = objects.held["bkt/t/table.parquet"] = table(tmp_path, range(200), 20)
    source = f"{objects.url}/bkt/t/table.parquet" if web else "s3://bkt/t/"
    code, numbers, _ = run(source, tmp_path / "few", "--datetime", "2024-02-15T00:00:00Z/2024-02-17T00:00:00Z")
    assert (code, numbers) == (COMPLETE, [45, 46, 47])
    assert all(asked is not None for _, asked in objects.asked)
    few = objects.sent
    assert len(objects.asked) <= 4 + web
    objects.forget()
    code, numbers, _ = run(source, tmp_path / "all")
    assert (code, numbers) == (COMPLETE, list(range(200)))
    footer = 64 << 10
    assert objects.sent <= len(data) + 2 * footer
    assert few <= len(data) // 5 + 2 * footer
    assert len(objects.asked) <= 13 + web


def test_a_prefix_is_listed_page_by_page(objects: Objects, tmp_path: Path) -> None:
    """What lies on later pages comes too, each page asked for once."""
    objects.page = 15
    objects.held |= {f"bkt/in/{number:03}.json": text(number) for number in range(COUNT)}
    code, numbers, _ = run("s3://bkt/in/", tmp_path / "out")
    assert (code, numbers, objects.lists) == (COMPLETE, list(range(COUNT)), 3)


def test_what_cannot_be_read_is_named(objects: Objects, tmp_path: Path) -> None:
    """A broken, a cut and an unknown packed object, and one that is gone, cost themselves, as in a folder."""
    objects.held |= {f"bkt/in/{number:03}.json": text(number) for number in range(10)}
    objects.held |= {
        "bkt/in/broken.json": b"{",
        "bkt/in/cut.json.gz": gzip.compress(text(50))[:-9],
        "bkt/in/other.json.xz": b"?",
        "bkt/in/marker.json/": b"",
        "bkt/in/lines.ndjson": b"\n".join([text(10), b"{", text(11)]),
        "bkt/in/twice.json": text(60),
        "bkt/in/twice.json/": b"",
    }
    code, numbers, certificate = run("s3://bkt/in/", tmp_path / "out")
    assert (code, certificate["verdict"], numbers) == (INCOMPLETE, "truncated", list(range(12)))
    named = failures(tmp_path / "out")
    assert sorted(named) == [
        *("broken.json", "cut.json.gz", "lines.ndjson#2", "marker.json", "other.json.xz", "twice.json"),
    ]
    assert "differ by a slash" in named["twice.json"]


@pytest.mark.parametrize("page", [1000, 1])
@pytest.mark.parametrize(
    ("key", "lost"),
    [
        ("in/2024//b.json", set()),
        ("in//b.json", set()),
        ("in/2024/../c.json", set()),
        ("in/2024/05/.", set()),
        ("in/2024/05/tab\tb.json", {2}),
    ],
    ids=["empty part", "empty part at the top", "dots", "a dot at the end", "control character"],
)
def test_a_key_that_cannot_be_asked_for_costs_itself(
    objects: Objects, tmp_path: Path, page: int, key: str, lost: set[int]
) -> None:
    """A key that obstore can't name is a failure by its name, and costs at most what is before it in its folder."""
    names = ["2023/a", "2023/b", "2024/05/a", "2024/06/x", "2025", "2025/a"]
    objects.held |= {f"bkt/in/{name}.json": text(number) for number, name in enumerate(names)}
    objects.held[f"bkt/{key}"] = text(6)
    objects.page = page
    code, numbers, _ = run("s3://bkt/in/", tmp_path / "out")
    assert code == INCOMPLETE
    assert numbers == [number for number in range(6) if page == 1 or number not in lost]
    (failure,) = map(json.loads, (tmp_path / "out/failures.ndjson").read_text().splitlines())
    assert failure["item_id"] == key.removeprefix("in/")
    assert "can't read this key" in failure["error"]


PARTS = st.sampled_from(["a", "b0", "-", " ", "..a", ".", "..", "", "t\tx", "d\x7f"])
KEYS = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/".join(["k", *parts, "z"]))


@settings(max_examples=100, deadline=None)
@given(st.sets(KEYS, min_size=1, max_size=12), st.integers(1, 4))
def test_listings_around_keys_that_cannot_be_named(keys: set[str], page: int) -> None:
    """Each key that can be named is listed once, or comes shortly before one that is named as failed."""
    bad = {
        key
        for key in keys
        if any(part in {"", ".", ".."} or part[-1] == "\x7f" or "\t" in part for part in key.split("/"))
    }
    refused: list[str] = []
    with served(page=page) as found:
        found.held |= {f"bkt/{key}": b"{}" for key in keys}
        options = {"allow_http": True}
        store = S3Store("bkt", endpoint=found.url, region="x", skip_signature=True, client_options=options)
        pages = ObjectStore(store, "s3://bkt").listed("", lambda key, why: refused.append(key))
        listed = [one.key for some in pages for one in some]
    assert len(listed) == len(set(listed))
    assert set(listed) <= keys - bad
    assert set(refused) <= bad
    assert bool(refused) == bool(bad)
    for lost in keys - bad - set(listed):
        assert any(0 < sum(lost < key <= one for key in keys) < page for one in refused), lost


@pytest.mark.parametrize("log", ["t/_delta_log/0.json", "t/.hoodie/x", "t/metadata/v1.metadata.json"])
def test_a_table_format_is_refused(
    objects: Objects, tmp_path: Path, capsys: pytest.CaptureFixture[str], log: str
) -> None:
    """The folder of a table, one above it, and a partition in it are refused, as on disk."""
    objects.held |= {
        f"bkt/{log}": b"{}",
        "bkt/t/metadata/version-hint.text": b"1",
        "bkt/t/data/year=2024/a.parquet": b"",
        "bkt/t/year=2024/a.parquet": b"",
    }
    if "metadata" not in log:
        del objects.held["bkt/t/metadata/version-hint.text"]
    inside = "t/data/" if "metadata" in log else "t/year=2024/"
    for source in ("s3://bkt/t/", "s3://bkt/", f"s3://bkt/{inside}"):
        assert run(source, tmp_path / "out")[0] == BAD_SETTINGS
        assert "s3://bkt/t is a table of" in capsys.readouterr().err


def test_hive_folders_and_descriptions_of_a_bucket(objects: Objects, tmp_path: Path) -> None:
    """Keys of folders fill in what rows lack; a collection beside tables is noted; JSON beside them is refused."""
    path = tmp_path / "a.parquet"
    with GeoParquetWriter(path) as writer:
        writer.write([item(0, collection=None)])
    objects.held["bkt/t/collection=d/year=2024/a.parquet"] = path.read_bytes()
    objects.held["bkt/t/collection.json"] = b'{"type": "Collection", "id": "d"}'
    code, _, certificate = run("s3://bkt/t/", tmp_path / "out")
    written = json.loads((tmp_path / "out/items.ndjson").read_text())
    assert (code, certificate["passed_over"], written["collection"]) == (COMPLETE, 1, "d")
    assert written["properties"]["year"] == 2024
    objects.held["bkt/t/x.json"] = text(1)
    assert run("s3://bkt/t/", tmp_path / "out")[0] == BAD_SETTINGS
    assert run("s3://bkt/t/", tmp_path / "out", "--format", "json")[:2] == (COMPLETE, [1])


def test_a_collection_has_its_items_in_a_folder_or_in_its_document(objects: Objects, tmp_path: Path) -> None:
    """As on disk: `items/` alone, all where items lie beside it, and else the features in the document."""
    document = {"type": "Collection", "id": "c", "features": [item(7)]}
    objects.held["bkt/c/collection.json"] = json.dumps(document).encode()
    for source in ("s3://bkt/c/", "s3://bkt/c"):
        assert run(source, tmp_path / "out")[:2] == (COMPLETE, [7])
    objects.held["bkt/c/items/a.json"] = text(1)
    code, numbers, certificate = run("s3://bkt/c/", tmp_path / "out")
    assert (code, numbers, certificate["passed_over"]) == (COMPLETE, [1], 0)


def test_a_catalog_in_a_bucket_is_walked_by_its_links(objects: Objects, tmp_path: Path) -> None:
    """Links lead within the bucket, each is asked for once; one out of it, and a broken one, are failures by name."""
    hrefs = ["./b c/1.json", "../shared/2.json", "/c/3.json", "s3://bkt/c/4.json", "s3://other/5.json", "./none.json"]
    links = [{"rel": "item", "href": href} for href in [*hrefs, "./b%20c/1.json"]]
    document = json.dumps({"type": "Catalog", "id": "c", "links": links}).encode()
    objects.held |= {"bkt/c/catalog.json": document, "bkt/c/b c/1.json": text(1), "bkt/shared/2.json": text(2)}
    objects.held |= {"bkt/c/3.json": text(3), "bkt/c/4.json": text(4)}
    for source, options in (("s3://bkt/c/catalog.json", []), ("s3://bkt/c/", ["--format", "catalog"])):
        objects.forget()
        assert run(source, tmp_path / "out", *options)[:2] == (INCOMPLETE, [1, 2, 3, 4])
        assert len(failures(tmp_path / "out")) == 2
        assert (objects.lists, set(objects.gets.values())) == (0, {1})


@pytest.mark.parametrize("name", ["table.parquet", "many.ndjson", "one.json"])
@pytest.mark.parametrize("web", [False, True])
def test_an_object_that_changes_is_noticed(objects: Objects, tmp_path: Path, name: str, *, web: bool) -> None:
    """What is another object than the one that was looked at is a failure by name, and nothing of it is certified."""
    padding = {"padding": "x" * 3000}
    lines = [json.dumps(item(number, properties={**item(0)["properties"], **padding})) for number in range(4000)]
    held = {"table.parquet": table(tmp_path, range(COUNT)), "one.json": text(0), "many.ndjson": "\n".join(lines)}
    data = held[name]
    path = f"bkt/in/{name}"
    objects.held[path] = data if isinstance(data, bytes) else data.encode()

    def change(asked: str) -> None:
        if asked == path and (objects.gets[path] == 2 or (name == "one.json" and not web)):
            objects.held[path] = objects.held[path][:-1] + b" "

    objects.on_get = change
    output = tmp_path / "out"
    source = f"{objects.url}/{path}" if web else "s3://bkt/in/"
    code, _, certificate = run(source, output)
    assert code in (INCOMPLETE, BAD_DATA)
    assert certificate["verdict"] == "truncated"
    said = [*failures(output).values()] if (output / "failures.ndjson").exists() else [certificate["reason"]]
    assert any("has changed while it was read" in one for one in said) or (code, name) == (BAD_DATA, "one.json")


PROGRAM = [sys.executable, "-m", "stac_ingest"]


@pytest.mark.parametrize("kind", ["documents", "lines"])
def test_a_killed_run_goes_on(objects: Objects, tmp_path: Path, kind: str) -> None:
    """After a kill nothing is lost or doubled, and what was passed is not asked for again, unless an object changed."""
    texts = {number: text(number, title="x" * 40_000) for number in range(400)}
    if kind == "documents":
        objects.held |= {f"bkt/in/{number:03}.json": data for number, data in texts.items()}
    else:
        objects.held |= {f"bkt/in/{n}.ndjson": b"\n".join([*texts.values()][n : n + 20]) for n in range(0, 400, 20)}
    command = [*PROGRAM, "s3://bkt/in/", "--to", "ndjson", "--output", str(tmp_path / "out")]
    process: subprocess.Popen[bytes]

    def kill(_: str) -> None:
        if sum(objects.gets.values()) == (300 if kind == "documents" else 15):
            process.send_signal(signal.SIGKILL)

    objects.on_get = kill
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        pass
    assert process.returncode == -signal.SIGKILL
    objects.on_get = None
    objects.forget()
    code, numbers, certificate = run("s3://bkt/in/", tmp_path / "out", "--resume")
    assert (code, numbers) == (COMPLETE, list(range(400)))
    assert certificate["skipped"] > 0
    assert objects.sent < sum(map(len, texts.values())) * 0.8


def test_a_public_store_is_not_asked_without_leave(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an endpoint on this machine a bucket, and a file of the web, needs --allow-remote."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for source in ("s3://bkt/in/", "gs://bkt/in/", "az://c/in/", "https://example.com/a/items.parquet"):
        assert run(source, tmp_path / "out")[0] == BAD_SETTINGS
        assert "--allow-remote allows requests to it" in capsys.readouterr().err
    assert not objects.asked


def test_a_store_that_cannot_be_asked_ends_the_run(
    objects: Objects, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What another try may bring is no failure that a certificate names; what is missing is told."""
    objects.held["bkt/in/a.json"] = text(0)
    assert run("s3://bkt/none.json", tmp_path / "out")[0] == BAD_DATA
    assert "s3://bkt/none.json: there is no such object" in capsys.readouterr().err
    assert run("s3://bkt/nothing/", tmp_path / "out")[0] == BAD_DATA
    assert "No files of items found below s3://bkt/nothing/" in capsys.readouterr().err


def test_a_web_file_without_ranges_is_read_whole(objects: Objects, tmp_path: Path) -> None:
    """A server that sends no ranges, or no ETag, is no reason to fail: the file is read once, and a note says so."""
    objects.ranges = objects.etags = False
    objects.held["bkt/t.parquet"] = table(tmp_path, range(COUNT))
    code, numbers, certificate = run(f"{objects.url}/bkt/t.parquet", tmp_path / "out")
    assert (code, numbers, len(objects.asked)) == (COMPLETE, list(range(COUNT)), 1)
    assert any("no ranges" in note for note in certificate["notes"])


def test_credentials_of_a_web_file_stay_with_its_origin(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect to another origin is followed with the range, and without the token."""
    monkeypatch.setenv("STAC_INGEST_TOKEN", "a-secret-token")
    with served(held={"there/many.ndjson": b"\n".join(map(text, range(COUNT)))}) as other:
        objects.redirects["bkt/many.ndjson"] = f"{other.url}/there/many.ndjson"
        code, numbers, _ = run(f"{objects.url}/bkt/many.ndjson", tmp_path / "out")
        assert (code, numbers) == (COMPLETE, list(range(COUNT)))
        assert all(one["Authorization"] == "Bearer a-secret-token" for one in objects.headers)
        assert [one.get("Authorization") for one in other.headers] == [None, None]
        assert all("Range" in one for one in other.headers)


def test_a_web_file_leads_to_no_other_network(
    objects: Objects, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A redirect from this machine out of it is refused, as of an API."""
    objects.redirects["bkt/a.json"] = "http://192.0.2.1/a.json"
    assert run(f"{objects.url}/bkt/a.json", tmp_path / "out")[0] == BAD_DATA
    assert "not followed" in capsys.readouterr().err
