"""An ingest in shards from and to object storage, against a local server that speaks S3."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.request import urlopen

import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from sharding_items import item

from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard
from stac_ingest.sharding.splitters import splitter_for
from stac_ingest.sharding.status import IngestStatus
from stac_ingest.summary import IngestSummary

ROOT = Path(__file__).resolve().parents[2]
MOTO = os.environ.get("TEST_MOTO_SERVER")
ITEMS = 60
PATIENCE_S = 120
pytestmark = pytest.mark.skipif(MOTO is None, reason="`make test-s3` runs these")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """Serve buckets on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = (tmp_path_factory.mktemp("s3") / "server.log").open("w")
    with log, subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log) as server:
        try:
            wait_for(url, server)
            yield url
        finally:
            server.terminate()


def wait_for(url, server):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert server.poll() is None
        try:
            with urlopen(f"{url}/moto-api/"):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def bucket(endpoint, tmp_path, monkeypatch):
    """Make a bucket of this test's own, with the credentials in the environment; give its file system and name."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    filesystem = pafs.S3FileSystem(
        access_key="testing",
        secret_key="testing",
        endpoint_override=endpoint.removeprefix("http://"),
        scheme="http",
        allow_bucket_creation=True,
    )
    name = tmp_path.name.replace("_", "-").lower()[:60]
    filesystem.create_dir(name)
    return filesystem, name


def ingest(settings):
    """Do what is due and return the numbers of the shards that were."""
    plan = plan_ingest(settings)
    due = sorted(IngestStatus(settings).shards())
    for number in due:
        run_shard(plan, number)
    assert finalize_ingest(plan).verdict == "complete"
    return due


def delivered(filesystem, root):
    """Count how often each item is in the objects that the manifest names; no other object is there."""
    with filesystem.open_input_file(f"{root}/manifest.json") as file:
        manifest = json.loads(file.read())
    parts = [f"{root}/{part['path']}" for part in manifest["parts"]]
    there = filesystem.get_file_info(pafs.FileSelector(f"{root}/items"))
    assert sorted(parts) == sorted(file.path for file in there)
    assert sorted(part["bytes"] for part in manifest["parts"]) == sorted(file.size for file in there)
    tables = [pq.read_table(path, filesystem=filesystem, columns=["id"]) for path in parts]
    return Counter(found for table in tables for found in table["id"].to_pylist())


ONCE = {f"i{number:04d}": 1 for number in range(ITEMS)}


def test_a_folder_goes_to_a_bucket_and_stays_in_step(bucket, tmp_path):
    """Each item is in the bucket once; an edited file and a lost object cost the shard that they are in."""
    filesystem, name = bucket
    source, output = tmp_path / "items", f"{name}/out/of"
    source.mkdir()
    for number in range(ITEMS):
        (source / f"{number:04d}.json").write_text(json.dumps(item(number)))
    settings = ShardedIngest.parse(
        {"source": str(source), "output": f"s3://{output}", "state": str(tmp_path / "state"), "shards": 3}
    )
    assert ingest(settings) == [0, 1, 2]
    assert delivered(filesystem, output) == ONCE
    fresh = IngestStatus(settings)
    assert (fresh.plan(), fresh.shards(), fresh.end()) == (None, {}, None)
    (source / "0030.json").write_text(json.dumps(item(30)) + " ")
    assert ingest(settings) == [1]
    filesystem.delete_file(f"{output}/items/part-00002.parquet")
    assert ingest(settings) == [2]
    assert delivered(filesystem, output) == ONCE


def test_notes_of_all_shards_are_one_object(bucket, tmp_path):
    """What was left out is named once, in the bucket and in the state folder, and no longer than it is true."""
    filesystem, name = bucket
    source = tmp_path / "items"
    source.mkdir()
    for number in range(4):
        odd = {"properties": {"datetime": None, "gsd": float("nan")}}
        (source / f"{number:04d}.json").write_text(json.dumps(item(number, **(odd if number in {0, 3} else {}))))
    settings = ShardedIngest.parse(
        {"source": str(source), "output": f"s3://{name}/out", "state": str(tmp_path / "state"), "shards": 2}
    )
    plan = plan_ingest(settings)
    for number in range(2):
        run_shard(plan, number)
    for _ in range(2):
        certificate = finalize_ingest(plan)
        assert (certificate.verdict, certificate.changes) == ("complete with changes", 2)
        with filesystem.open_input_file(f"{name}/out/notes.ndjson") as file:
            lines = file.read().splitlines()
        assert [json.loads(line)["item_id"] for line in lines] == ["i0000", "i0003"]
        assert (settings.state_folder / "notes.ndjson").read_bytes().splitlines() == lines
    for number in (0, 3):
        (source / f"{number:04d}.json").write_text(json.dumps(item(number)))
    assert ingest(settings) == [0, 1]
    assert not (settings.state_folder / "notes.ndjson").exists()
    assert "notes.ndjson" not in [info.base_name for info in filesystem.get_file_info(pafs.FileSelector(f"{name}/out"))]


def put(filesystem, path, number, **more):
    """Store an item."""
    with filesystem.open_output_stream(path) as stream:
        stream.write(json.dumps(item(number, **more)).encode())


@pytest.fixture
def stored(bucket):
    """Store a collection with an item an object; give its URL."""
    filesystem, name = bucket
    for number in range(ITEMS):
        put(filesystem, f"{name}/mine/items/{number:04d}.json", number)
    with filesystem.open_output_stream(f"{name}/mine/collection.json") as stream:
        stream.write(b"{}")
    return f"s3://{name}/mine"


def store(filesystem, path, data):
    """Store an object as it is: Arrow would pack one that is called `.gz`."""
    with filesystem.open_output_stream(path, compression=None) as stream:
        stream.write(data)


def run_all(settings):
    """Ingest, and return the report of the whole and the items by id."""
    plan = plan_ingest(settings)
    for shard in plan.shards:
        run_shard(plan, shard.number)
    found = {row["id"]: row for row in pq.read_table(f"{settings.output}/items").to_pylist()}
    return finalize_ingest(plan), found


def test_all_below_a_prefix_is_read(bucket, tmp_path):
    """Items in folders, packed ones and collections of features come; catalogs are noted, hidden names left out."""
    filesystem, name = bucket
    put(filesystem, f"{name}/in/a.json", 0)
    put(filesystem, f"{name}/in/2024/05/b.geojson", 1, assets={"x": {"href": "./x.tif"}})
    put(filesystem, f"{name}/in/.hidden/c.json", 9)
    store(filesystem, f"{name}/in/c.json.gz", gzip.compress(json.dumps(item(2)).encode()))
    store(filesystem, f"{name}/in/d.json", json.dumps([item(3), item(4)]).encode())
    store(filesystem, f"{name}/in/e/catalog.json", b'{"type": "Catalog", "id": "e"}')
    settings = {"source": f"s3://{name}/in", "output": str(tmp_path / "out"), "shards": 2}
    certificate, found = run_all(ShardedIngest.parse({**settings, "hrefs": "absolute"}))
    assert (certificate.verdict, sorted(found)) == ("complete", [f"i{number:04d}" for number in range(5)])
    assert "1 Catalog (e/catalog.json)" in " ".join(certificate.notes)
    assert found["i0001"]["assets"]["x"]["href"] == f"s3://{name}/in/2024/05/x.tif"
    store(filesystem, f"{name}/in/f.ndjson", json.dumps(item(5)).encode())
    with pytest.raises(ConfigurationError, match=r"f\.ndjson is NDJSON"):
        plan_ingest(ShardedIngest.parse({**settings, "output": str(tmp_path / "other")}))


def test_what_was_written_to_a_bucket_is_read(bucket, tmp_path):
    """An output on object storage is a source: its tables, not the reports that stand beside them."""
    filesystem, name = bucket
    source = tmp_path / "items"
    source.mkdir()
    for number in range(ITEMS):
        (source / f"{number:04d}.json").write_text(json.dumps(item(number)))
    output = f"s3://{name}/out"
    ingest(ShardedIngest.parse({"source": str(source), "output": output, "state": str(tmp_path / "s"), "shards": 3}))
    again = ShardedIngest.parse({"source": output, "output": str(tmp_path / "back"), "shards": 2})
    certificate, found = run_all(again)
    assert (certificate.verdict, len(found), certificate.notes) == ("complete", ITEMS, [])
    put(filesystem, f"{name}/out/manifest.json", 99)
    with pytest.raises(ConfigurationError, match="files of several kinds"):
        plan_ingest(again)
    store(filesystem, f"{name}/out/_delta_log/0.json", b"{}")
    with pytest.raises(ConfigurationError, match="a table of Delta Lake"):
        plan_ingest(again)


def test_keys_of_folders_come_from_a_bucket(bucket, tmp_path):
    """Tables in hive folders give what their rows lack."""
    filesystem, name = bucket
    with GeoParquetWriter(tmp_path / "a.parquet") as writer:
        writer.write([item(0, collection=None)])
    store(filesystem, f"{name}/t/collection=d/year=2024/a.parquet", (tmp_path / "a.parquet").read_bytes())
    _, found = run_all(ShardedIngest.parse({"source": f"s3://{name}/t", "output": str(tmp_path / "out")}))
    assert (found["i0000"]["collection"], found["i0000"]["year"]) == ("d", 2024)


def test_item_files_of_a_bucket_go_to_another_prefix(bucket, stored, tmp_path):
    """Each item comes once; an edited object, and one that is added, cost the shards that they are in."""
    filesystem, name = bucket
    output = f"{name}/tables"
    settings = ShardedIngest.parse(
        {"source": stored, "output": f"s3://{output}", "state": str(tmp_path / "state"), "shards": 3}
    )
    assert ingest(settings) == [0, 1, 2]
    assert delivered(filesystem, output) == ONCE
    fresh = IngestStatus(settings)
    assert (fresh.plan(), fresh.shards(), fresh.end()) == (None, {}, None)
    put(filesystem, f"{name}/mine/items/0030.json", 30, bbox=[1.25, 2.5, 1.25, 2.5])
    assert IngestStatus(settings).plan() == "the source has changed"
    assert ingest(settings) == [1]
    put(filesystem, f"{name}/mine/items/9999.json", 9999)
    assert 2 in ingest(settings)
    assert delivered(filesystem, output) == {**ONCE, "i9999": 1}


def test_a_bucket_is_listed_once_for_all_shards(bucket, stored, tmp_path):
    """What comes after the plan is no shard's; a broken item costs itself; a listing of another plan is refused."""
    filesystem, name = bucket
    with filesystem.open_output_stream(f"{name}/mine/items/0007.json") as stream:
        stream.write(b"{")
    settings = ShardedIngest.parse({"source": stored, "output": str(tmp_path / "out"), "shards": 3})
    plan = plan_ingest(settings)
    put(filesystem, f"{name}/mine/items/0008a.json", 8000)
    shards = [run_shard(plan, number) for number in range(3)]
    assert [shard.ingest.items for shard in shards] == [19, 20, 20]
    certificate = finalize_ingest(plan)
    assert (certificate.verdict, [one.origin for one in certificate.failed]) == ("truncated", ["0007.json"])
    plan_ingest(settings)
    with pytest.raises(DataProcessingError, match=r"listing\.ndjson is not the listing that the plan was made from"):
        run_shard(plan, 1)


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_an_object_that_is_not_what_was_planned_fails_its_shard(bucket, stored, tmp_path, how):
    """Nothing is certified of a shard whose object is another one by now, or gone; planned anew, all is well."""
    filesystem, name = bucket
    settings = ShardedIngest.parse({"source": stored, "output": str(tmp_path / "out"), "shards": 3})
    plan = plan_ingest(settings)
    path = f"{name}/mine/items/0021.json"
    filesystem.delete_file(path) if how == "gone" else put(filesystem, path, 21, title="longer")
    with pytest.raises(DataProcessingError, match=r"0021\.json has changed since it was planned"):
        run_shard(plan, 1)
    assert not list(settings.state_folder.glob("0*.json"))
    ingest(settings)
    assert finalize_ingest(plan_ingest(settings)).items == ITEMS - (how == "gone")


async def test_a_server_that_fails_for_a_while_fails_the_shard(bucket, tmp_path):
    """What another try may bring is no failure that a certificate names, as a damaged table is."""
    filesystem, name = bucket
    with GeoParquetWriter(tmp_path / "table.parquet") as writer:
        writer.write([item(number) for number in range(5)])
    for path, data in (("a", (tmp_path / "table.parquet").read_bytes()), ("b", b"nothing of the kind")):
        with filesystem.open_output_stream(f"{name}/tables/{path}.parquet") as stream:
            stream.write(data)
    settings = ShardedIngest.parse({"source": f"s3://{name}/tables", "output": str(tmp_path / "out"), "shards": 1})
    plan = plan_ingest(settings)
    assert (await asyncio.to_thread(run_shard, plan, 0)).ingest.ingest_failures == 1
    kind, config = splitter_for(settings, plan.shards[0]), splitter_for(settings).config(plan.shards[0])
    source = kind.source(plan.shards[0], config, IngestSummary())
    table, broken = [unit async for unit in source.units()]
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"127.0.0.1:{free.getsockname()[1]}"
    gone = pafs.S3FileSystem(access_key="x", secret_key="x", endpoint_override=closed, scheme="http")
    assert [payload.error is not None async for (payload,) in source.read(broken)] == [True]
    with pytest.raises(DataProcessingError, match="AWS Error NETWORK_CONNECTION"):
        await anext(source.read(table._replace(filesystem=gone)))
    await source.close()


def test_an_api_goes_to_a_bucket(bucket, stac_server, tmp_path):
    """Items of an API are in the bucket once, those at the edges of shards too."""
    filesystem, name = bucket
    server = stac_server(items=ITEMS)
    api = {"source": server.url, "collection": "sentinel-2-l2a", "limit": 10, "concurrency": 1, "shards": 3}
    ingest(ShardedIngest.parse({**api, "output": f"s3://{name}/out", "state": str(tmp_path / "state")}))
    found = delivered(filesystem, f"{name}/out")
    assert len(found) == ITEMS
    assert set(found.values()) == {1}


def test_the_command_reads_from_a_bucket_and_writes_to_it(bucket, tmp_path):
    """`snakemake ingest` takes GeoParquet files of a bucket to another prefix, and then has nothing to do."""
    filesystem, name = bucket
    for number in range(3):
        with GeoParquetWriter(tmp_path / "table.parquet", row_group_items=10) as writer:
            writer.write([item(20 * number + i) for i in range(20)])
        with filesystem.open_output_stream(f"{name}/tables/{number}.parquet") as stream:
            stream.write((tmp_path / "table.parquet").read_bytes())
    shutil.copy(ROOT / "workflow/quick.yaml", tmp_path / "config.yaml")
    command = [sys.executable, "-m", "snakemake", "ingest", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    command += ["--config", f"source=s3://{name}/tables", f"output=s3://{name}/out", "state=state", "shards=2"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    said = []
    for _ in range(2):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stderr)
        assert delivered(filesystem, f"{name}/out") == ONCE
    assert [text.count(": Ingesting shard") for text in said] == [2, 0]


def test_a_bucket_that_can_not_be_used_is_told_in_words(bucket, tmp_path, monkeypatch):
    """A bucket that isn't there and credentials that are missing are named, and no traceback is seen."""
    _, name = bucket
    state = {"state": str(tmp_path / "state")}
    source = {"source": f"s3://{name}-not/tables", "output": str(tmp_path / "out")}
    with pytest.raises(
        ConfigurationError, match=r"source: no GeoParquet files, and no JSON files, found in s3://.*-not/t"
    ):
        plan_ingest(ShardedIngest.parse(source))
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigurationError, match="the environment lacks AWS_SECRET_ACCESS_KEY"):
        plan_ingest(ShardedIngest.parse({"source": str(tmp_path), "output": f"s3://{name}/out", **state}))
