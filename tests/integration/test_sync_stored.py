"""Syncs of files in a store and on a web server: nothing is read where the versions say that nothing has changed."""

from __future__ import annotations

import json

import pytest

from stac_ingest.sync.manifest_file import read_manifest
from stac_ingest.sync.run import run_sync
from stac_ingest.sync.settings import SyncSettings
from stores_server import served_as_s3
from synced_files import item
from synced_output import held

pytest.importorskip("obstore")


@pytest.fixture
def objects(monkeypatch):
    """Serve objects, to which the environment leads."""
    with served_as_s3(monkeypatch) as found:
        yield found


@pytest.fixture(params=["prefix", "object", "web"])
def source(request, objects, tmp_path):
    """Give what syncs a source, and what sets the items that it holds."""
    name = {"prefix": "bkt/in/lines.ndjson", "object": "bkt/in/lines.ndjson", "web": "files/lines.ndjson"}
    url = {"prefix": "s3://bkt/in", "object": "s3://bkt/in/lines.ndjson", "web": f"{objects.url}/files/lines.ndjson"}
    settings = SyncSettings(
        source={"mode": "file", "source": url[request.param], "format": "ndjson"}, output=tmp_path / "out"
    )

    def put(*items):
        objects.held[name[request.param]] = b"".join(
            (one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in items
        )

    def sync(**more):
        objects.forget()
        result = run_sync(settings.model_copy(update=more))
        return result, objects.sent

    return put, sync, tmp_path / "out"


def test_files_with_the_versions_of_before_are_not_read(source):
    """A second sync asks for versions alone; a file that has changed, or came to be, is read then."""
    put, sync, out = source
    put(item("a"), item("b"))
    assert sync()[0].manifest.verdict == "complete"
    result, sent = sync()
    assert sent <= 1  # of a web server, the first byte says the size
    assert "none is read" in " ".join(result.notes)
    assert (result.manifest.verdict, result.manifest.items) == ("complete", 2)
    put(item("a", cloud=1), item("c"))
    result, sent = sync()
    assert sent > 1
    assert held(out).keys() == {"a", "c"}
    assert result.manifest.counts.changed == 1
    assert sync()[1] <= 1
    assert sync(verify=True)[1] > 1


def test_a_run_that_could_not_read_all_is_followed_by_one_that_reads(source):
    """Where something could not be read, the files are read again, though they have not changed."""
    put, sync, _ = source
    put(item("a"), b'{"type":')
    result, _ = sync()
    assert result.manifest.verdict == "truncated"
    assert sync()[1] > 1


def test_a_lost_index_is_a_reason_to_read(source):
    """What is not known any more is found out by reading."""
    put, sync, out = source
    put(item("a"))
    sync()
    index = read_manifest(out).partitions[0].index
    (out / ".sync" / index).unlink()
    result, sent = sync()
    assert sent > 1
    assert result.manifest.verdict == "complete"


def test_files_without_versions_are_read(objects, tmp_path):
    """A file that has neither an ETag nor a time that is long past is read each time."""
    objects.etags = False
    objects.held["files/lines.ndjson"] = json.dumps(item("a")).encode()
    settings = SyncSettings(
        source={"mode": "file", "source": f"{objects.url}/files/lines.ndjson"}, output=tmp_path / "out"
    )
    run_sync(settings)
    objects.modified = "Fri, 01 Jan 2100 00:00:00 GMT"
    for _ in range(2):
        objects.forget()
        assert run_sync(settings).manifest.verdict == "complete"
        assert objects.sent > 1
