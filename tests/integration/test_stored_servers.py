"""Stores as sources against servers of others: moto (S3), fake-gcs-server (Google) and Azurite (Azure)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sharding_items import item

from stac_ingest.cli.main import COMPLETE, main
from stac_ingest.config import IngestConfig
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.stores.opening import open_written_store
from stac_ingest.stores.urls import read_url

obstore = pytest.importorskip("obstore")
ITEMS = 20
PATIENCE_S = 60
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Published with Azurite, which knows no other."""
Put = Callable[[str, bytes], object]


def started(command: list[str], port: int) -> subprocess.Popen[bytes]:
    """Start a server and wait until it listens."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return process


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    """Send a request; give the status."""
    connection = HTTPConnection("127.0.0.1", port)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Length": str(len(body)), **names})
        return connection.getresponse().status
    finally:
        connection.close()


def _s3(program: str, port: int, url: str, folder: Path) -> tuple[list[str], dict[str, str], Callable[[], Put]]:
    signed = "AWS4-HMAC-SHA256 Credential=t/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"

    def prepare() -> Put:
        assert ask(port, "PUT", "/container", Authorization=signed) == 200
        return lambda key, data: ask(port, "PUT", f"/container/{quote(key)}", data, Authorization=signed)

    variables = {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_ENDPOINT_URL": url}
    return [program, "-H", "127.0.0.1", "-p", str(port)], variables, prepare


def _google(program: str, port: int, url: str, folder: Path) -> tuple[list[str], dict[str, str], Callable[[], Put]]:
    def prepare() -> Put:
        json_type = {"Content_Type": "application/json"}
        assert ask(port, "POST", "/storage/v1/b?project=p", b'{"name": "container"}', **json_type) == 200
        upload = "/upload/storage/v1/b/container/o?uploadType=media&name="
        return lambda key, data: ask(port, "POST", f"{upload}{quote(key, safe='')}", data, **json_type)

    own = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    return [program, *own, "-public-host", url.removeprefix("http://")], {"STORAGE_EMULATOR_HOST": url}, prepare


def _azure(program: str, port: int, url: str, folder: Path) -> tuple[list[str], dict[str, str], Callable[[], Put]]:
    account = "devstoreaccount1"

    def prepare() -> Put:
        now, version = formatdate(usegmt=True), "2021-12-02"
        lines = ["PUT", *[""] * 11, f"x-ms-date:{now}", f"x-ms-version:{version}"]
        text = "\n".join([*lines, f"/{account}/{account}/container", "restype:container"])
        code = hmac.new(base64.b64decode(AZURITE_KEY), text.encode(), hashlib.sha256).digest()
        given = {"x_ms_date": now, "x_ms_version": version}
        key = f"SharedKey {account}:{base64.b64encode(code).decode()}"
        assert ask(port, "PUT", f"/{account}/container?restype=container", Authorization=key, **given) == 201
        store = obstore.store.AzureStore(
            "container",
            account_name=account,
            account_key=AZURITE_KEY,
            endpoint=f"{url}/{account}",
            client_options={"allow_http": True},
        )
        return lambda name, data: obstore.put(store, name, data)

    variables = {
        "AZURE_STORAGE_ACCOUNT": account,
        "AZURE_STORAGE_KEY": AZURITE_KEY,
        "AZURE_STORAGE_ENDPOINT": f"{url}/{account}",
    }
    own = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck"]
    return [program, *own, "--silent", "--disableTelemetry"], variables, prepare


SERVERS: dict[str, tuple[str, Any]] = {
    "s3": ("TEST_MOTO_SERVER", _s3),
    "gs": ("TEST_FAKE_GCS_SERVER", _google),
    "az": ("TEST_AZURITE", _azure),
}


@pytest.fixture
def written(store: tuple[str, Put]) -> tuple[str, Put]:
    """Give a store that takes what obstore writes."""
    if store[0].startswith("gs:"):
        pytest.skip("fake-gcs-server takes no uploads of the kind that obstore sends")
    return store


@pytest.fixture(params=SERVERS)
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Put]]:
    """Start a server with one container, to which the environment leads; give its URL, and what stores an object."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    variable, make = SERVERS[request.param]
    program = os.environ.get(variable)
    if not program:
        pytest.skip(f"{variable} names no server; `make test-s3` runs these")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command, variables, prepare = make(program, port, f"http://127.0.0.1:{port}", tmp_path / "server")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    process = started(command, port)
    try:
        yield f"{request.param}://container", prepare()
    finally:
        process.terminate()
        process.wait()


def ids(source: str, output: Path, *options: str) -> list[str]:
    """Run the command, which has to be complete, and give the ids that were written."""
    assert main([source, "--to", "ndjson", "--output", str(output), "--concurrency", "4", *options]) == COMPLETE
    return sorted(json.loads(line)["id"] for line in (output / "items.ndjson").read_text().splitlines())


def test_what_lies_in_a_store_is_read(store: tuple[str, Put], tmp_path: Path) -> None:
    """Items, lines, a table and a catalog come from each kind of store, whole, with names that have to be escaped."""
    url, put = store
    expected = [f"i{number:04d}" for number in range(ITEMS)]
    for number in range(ITEMS):
        put(f"in/a b%20ü/{number}+#.json", json.dumps(item(number)).encode())
    assert ids(f"{url}/in/", tmp_path / "items") == expected
    put("lines.ndjson", b"\n".join(json.dumps(item(number)).encode() for number in range(ITEMS)))
    assert ids(f"{url}/lines.ndjson", tmp_path / "lines") == expected
    with GeoParquetWriter(tmp_path / "t.parquet", 5) as writer:
        writer.write([item(number) for number in range(ITEMS)])
    put("t/t.parquet", (tmp_path / "t.parquet").read_bytes())
    assert ids(f"{url}/t/", tmp_path / "table") == expected
    links = [{"rel": "item", "href": f"./items/{number}.json"} for number in range(ITEMS)]
    for number in range(ITEMS):
        put(f"c/items/{number}.json", json.dumps(item(number)).encode())
    put("c/catalog.json", json.dumps({"type": "Catalog", "id": "c", "links": links}).encode())
    assert ids(f"{url}/c/catalog.json", tmp_path / "catalog") == expected


def test_the_copy_of_a_sync_is_kept_in_step(written: tuple[str, Put], tmp_path: Path) -> None:
    """What a sync holds is in its copy after each run, and is read by its manifest, with replaced parts beside."""
    url, _ = written
    files, copy = tmp_path / "in", f"{url}/team/mirror/"
    files.mkdir()
    command = ["sync", str(files), "--output", str(tmp_path / "out"), "--copy-to", copy]
    for number in range(ITEMS):
        (files / f"{number}.json").write_text(json.dumps(item(number)))
    for run in range(2):
        assert main(command) == COMPLETE
        expected = sorted(json.loads(path.read_bytes())["id"] for path in files.iterdir())
        assert ids(copy, tmp_path / f"read{run}") == expected
        (files / f"{run}.json").unlink()
        (files / f"new{run}.json").write_text(json.dumps(item(ITEMS + run)))


def test_a_copy_is_replaced_by_one_writer_alone(written: tuple[str, Put], tmp_path: Path) -> None:
    """The store itself refuses a manifest that takes the place of another one than was read."""
    url, put = written
    opened = open_written_store(read_url(f"{url}/m/"), IngestConfig(mode="file", source=str(tmp_path)), "copy_to")
    opened.replace("m/manifest.json", b"1", None)
    with pytest.raises(ItemError, match="by another program meanwhile"):
        opened.replace("m/manifest.json", b"2", None)
    read = opened.current("m/manifest.json", 10)
    put("m/manifest.json", b"3")
    with pytest.raises(ItemError, match="by another program meanwhile"):
        opened.replace("m/manifest.json", b"4", read)
    again = opened.current("m/manifest.json", 10)
    assert again is not None
    assert again.text == b"3"
    opened.replace("m/manifest.json", b"5", again)
    opened.remove(["m/manifest.json"])
    assert opened.current("m/manifest.json", 10) is None


def test_a_copy_that_has_not_ended_or_is_empty(written: tuple[str, Put], tmp_path: Path) -> None:
    """Parts without their manifest are no source; a copy of an output without items has none, and no error."""
    url, put = written
    files, copy = tmp_path / "in", f"{url}/mirror/"
    files.mkdir()
    (files / "0.json").write_text(json.dumps(item(0)))
    sync = ["sync", str(files), "--output", str(tmp_path / "out"), "--copy-to", copy, "--allow-empty"]
    assert main(sync) == COMPLETE
    (part,) = (tmp_path / "out").rglob("*.parquet")
    put(f"begun/{part.relative_to(tmp_path / 'out')}", part.read_bytes())
    assert main([f"{url}/begun/", "--to", "ndjson", "--output", str(tmp_path / "begun")]) not in (COMPLETE, 1)
    (files / "0.json").write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    for grace in ("1", "0"):
        assert main([*sync, "--grace", grace]) == COMPLETE
        assert ids(copy, tmp_path / f"empty{grace}") == []
