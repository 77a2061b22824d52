"""A pgstac as a source, on a real PostgreSQL with PostGIS."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import orjson
import psycopg
import pytest

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sources.pgstac import PgstacSource
from stac_ingest.summary import IngestSummary

COUNT = 1200
COLLECTION = {
    "type": "Collection",
    "stac_version": "1.1.0",
    "description": "x",
    "license": "other",
    "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
    "links": [],
    "item_assets": {"data": {"type": "image/tiff", "roles": ["data"]}, "thumb": {"type": "image/png"}},
}


def item(number, collection):
    """Make an item, some of whose asset is in the base item."""
    west = number % 300 - 150 + 0.1
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"{collection[0]}'{number:05}",
        "collection": collection,
        "geometry": {"type": "Polygon", "coordinates": [[[west, 0.3], [west + 1, 0.3], [west + 1, 1.7], [west, 0.3]]]},
        "bbox": [west, 0.3, west + 1, 1.7],
        "properties": {
            "datetime": f"2021-{number % 12 + 1:02}-{number % 28 + 1:02}T00:00:00.5Z",
            "null": None,
            "n": number,
            "long": 12345678901234567890123,
        },
        "links": [],
        "assets": {"data": {"href": f"x/{number}", "type": "image/tiff", "roles": ["data"]}} if number % 2 else {},
    }


ITEMS = {
    (one["collection"], one["id"]): one
    for name in ("first", "other;'")
    for one in (item(n, name) for n in range(COUNT // 2))
}


@pytest.fixture(scope="module")
def filled(databases, tmp_path_factory):
    """Load items of two collections, one of which is partitioned, as pypgstac does; what it can't, in another way."""
    name = databases.new()
    folder = tmp_path_factory.mktemp("filled")
    collections = folder / "collections.ndjson"
    collections.write_bytes(b"\n".join(orjson.dumps({**COLLECTION, "id": one}) for one in ("first", "other;'")))
    databases.run(name, "load", "collections", collections, "--method", "insert")
    with databases.connect(name) as connection:
        connection.execute("SET search_path TO pgstac, public")
        connection.execute("UPDATE collections SET partition_trunc = 'month' WHERE id = 'first'")
        texts = [dumps(one) for one in ITEMS.values()]
        connection.cursor().executemany(
            "INSERT INTO items_staging (content) VALUES (%s)", [(text,) for text in texts[:5]]
        )
        connection.execute(
            "INSERT INTO items_staging (content) SELECT content::jsonb FROM unnest(%s::text[]) AS content", [texts[5:]]
        )
    return name


def dumps(one):
    """Write an item as JSON, with its long number."""
    number = str(one["properties"]["long"])
    return (
        orjson.dumps({**one, "properties": {**one["properties"], "long": 0}})
        .decode()
        .replace('"long":0', f'"long":{number}')
    )


def ingest(dsn, **settings):
    """Read a database by the module; give the items, and the run's summary."""
    module = IngestModule({"mode": "file", "source": dsn, "exact_numbers": True, **settings})
    context = WorkflowContext()

    async def read():
        return [one async for one in module.fetch(context)]

    return asyncio.run(read()), module.summary, context


def run(databases, name, out, *more):
    """Run the command on a database."""
    words = [sys.executable, "-m", "stac_ingest", databases.dsn(name, "postgres"), "--output", str(out), *more]
    environment = {**os.environ, "PGPASSWORD": databases.variables["PGPASSWORD"]}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    certificate = out / "certificate.json"
    return done.returncode, done.stderr, orjson.loads(certificate.read_bytes()) if certificate.exists() else None


def without_nulls(one):
    """Return an item without the null members that pgstac's own functions have left out when it was stored."""
    return {**one, "properties": {name: value for name, value in one["properties"].items() if value is not None}}


def test_items_come_as_they_were(databases, filled):
    """All items of all collections come, hydrated, with long numbers whole, as they were when they were stored."""
    items, summary, _ = ingest(databases.dsn(filled))
    found = {(one["collection"], one["id"]): one for one in items}
    assert len(items) == len(found) == COUNT
    assert {key: without_nulls(one) for key, one in found.items()} == {
        key: without_nulls(one) for key, one in ITEMS.items()
    }
    assert summary.unread == 0


def test_hydrated_as_pgstac_does(databases, filled):
    """What comes is what pgstac's `content_hydrate` gives of each row."""
    items, _, _ = ingest(databases.dsn(filled), collection_id="first")
    with databases.connect(filled) as connection:
        connection.execute("SET search_path TO pgstac, public")
        theirs = connection.execute("SELECT content_hydrate(items) FROM items WHERE collection = 'first'").fetchall()
    assert {one["id"]: without_nulls(one) for one in items} == {one["id"]: one for (one,) in theirs}


@pytest.mark.parametrize(
    ("settings", "search"),
    [
        ({"collection_id": "first"}, {"collections": ["first"]}),
        (
            {"collection_id": "other;'", "datetime": "2021-03"},
            {"collections": ["other;'"], "datetime": "2021-03-01T00:00:00Z/2021-03-31T23:59:59.999999Z"},
        ),
        ({"bbox": [-10, 0, 10, 1]}, {"bbox": [-10, 0, 10, 1]}),
        (
            {"bbox": [-10, 0, 10, 1], "datetime": "../2021-05-02T00:00:00Z"},
            {"bbox": [-10, 0, 10, 1], "datetime": "../2021-05-02T00:00:00Z"},
        ),
        ({"datetime": "2030"}, {"datetime": "2030-01-01T00:00:00Z/2030-12-31T00:00:00Z"}),
    ],
)
def test_filters_are_those_of_a_search(databases, filled, settings, search):
    """Collection, box and time are filtered by the database, to the items that pgstac's search finds."""
    items, summary, _ = ingest(databases.dsn(filled), **settings)
    with databases.connect(filled) as connection:
        connection.execute("SET search_path TO pgstac, public")
        (found,) = connection.execute(
            "SELECT search(%s)", [orjson.dumps({**search, "limit": 9999}).decode()]
        ).fetchone()
    assert {(one["collection"], one["id"]) for one in items} == {
        (one["collection"], one["id"]) for one in found["features"]
    }
    assert summary.filtered == 0


def test_a_query_is_done_here(databases, filled):
    """The setting `query` is tested on each item, and what it leaves out is counted."""
    items, summary, _ = ingest(databases.dsn(filled), query={"n": {"lt": 10}})
    assert (len(items), summary.filtered) == (20, COUNT - 20)


def test_the_command_certifies_by_the_count_of_the_snapshot(databases, filled, tmp_path):
    """The verdict rests on the database's count; a resumed run writes nothing twice; no user is shown."""
    code, said, certificate = run(databases, filled, tmp_path / "out", "--to", "ndjson")
    assert (code, certificate["verdict"], certificate["expected"]) == (0, "complete", COUNT), said
    assert certificate["source"] == databases.dsn(filled, "postgres").replace("stac@", "")
    code, _, certificate = run(databases, filled, tmp_path / "out", "--to", "ndjson", "--resume")
    assert (code, certificate["written"], certificate["skipped"]) == (0, 0, COUNT)
    lines = (tmp_path / "out" / "items.ndjson").read_bytes().splitlines()
    assert len(lines) == COUNT


@pytest.mark.slow
def test_into_another_database_and_back(databases, filled, tmp_path):
    """From one pgstac into another, each row is the same: content, geometry and times."""
    other = databases.new()
    code, said, certificate = run(
        databases, filled, tmp_path / "out", "--to", "pgstac", "--database", databases.dsn(other)
    )
    assert (code, certificate["verdict"]) == (0, "complete"), said
    found = []
    for name in (filled, other):
        with databases.connect(name) as connection:
            connection.execute("SET search_path TO pgstac, public")
            rows = connection.execute(
                "SELECT id, collection, geometry, datetime, end_datetime, content_hydrate(items) FROM items"
            )
            found.append(sorted(rows, key=lambda row: row[:2]))
    assert found[0] == found[1]


def test_a_snapshot_is_read(databases, filled):
    """What others write while it is read isn't seen, and rows in flight are bounded."""
    name = databases.new(filled)
    config = IngestModule({"mode": "file", "source": databases.dsn(name)}).config
    source = PgstacSource(databases.dsn(name), None, config, IngestSummary())

    async def read():
        await source.open()
        sizes = []
        async for unit in source.units():
            async for batch in source.read(unit):
                if not sizes:
                    with databases.connect(name) as connection:
                        connection.execute("DELETE FROM pgstac.items WHERE collection = 'first'")
                sizes.append(len(batch))
        await source.close()
        return sizes

    sizes = asyncio.run(read())
    assert sum(sizes) == COUNT
    assert sizes[0] == 32
    assert max(sizes) <= 2000


def test_the_server_ends_the_connection(databases, filled):
    """A run whose connection is ended says so, and isn't taken for complete; none is left open after an early end."""
    config = IngestModule({"mode": "file", "source": databases.dsn(filled)}).config
    source = PgstacSource(databases.dsn(filled), None, config, IngestSummary())

    async def read():
        await source.open()
        try:
            async for batch in source.read(None):
                assert batch
                with databases.connect() as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stac-ingest'"
                    )
        finally:
            await source.close()

    with pytest.raises(DataProcessingError, match="can't be read any more"):
        asyncio.run(read())

    async def begun():
        module = IngestModule({"mode": "file", "source": databases.dsn(filled)})
        stream = module.fetch(WorkflowContext())
        await anext(stream)
        await stream.aclose()

    asyncio.run(begun())
    deadline = time.monotonic() + 10
    with databases.connect() as connection:
        while time.monotonic() < deadline:
            (open_ones,) = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stac-ingest'"
            ).fetchone()
            if not open_ones:
                break
    assert open_ones == 0


def test_an_item_that_cant_be_put_together(databases, filled):
    """An item that names a base item that isn't there is a failure by its id, and all others come."""
    name = databases.new(filled)
    with databases.connect(name) as connection:
        connection.execute(
            "UPDATE pgstac.items SET content = content || '{\"pgstac:base_item\": 77}' WHERE id = $$f'00007$$"
        )
    items, summary, context = ingest(databases.dsn(name))
    assert (len(items), summary.failures) == (COUNT - 1, 1)
    assert [one.item_id for one in context.failure_collector.get_all()] == ["f'00007"]


def test_what_cant_be_asked(databases, filled, tmp_path):
    """Settings of files or of an API, a password in sight and a database without pgstac are refused in a sentence."""
    for settings, word in (
        ({"format": "json"}, "format"),
        ({"limit": 10}, "limit"),
        ({"hrefs": "absolute"}, "hrefs"),
        ({"mode": "api", "collection_id": "x"}, "mode 'file'"),
    ):
        with pytest.raises(ConfigurationError, match=word):
            ingest(databases.dsn(filled), **settings)
    with pytest.raises(ConfigurationError, match="has no pgstac"):
        ingest(databases.dsn("template1"))
    with pytest.raises(ConfigurationError, match="can't be reached") as raised:
        ingest("postgresql://me:s3cret@127.0.0.1:1/x")
    assert "s3cret" not in str(raised.value)
    words = [sys.executable, "-m", "stac_ingest", "postgresql://me:s3cret@127.0.0.1/x", "--to", "ndjson", "--output"]
    done = subprocess.run([*words, str(tmp_path / "out")], capture_output=True, text=True, check=False)
    assert (done.returncode, "PGPASSWORD" in done.stderr, "s3cret" in done.stderr) == (2, True, False)


def test_a_database_isnt_changed(databases, filled):
    """The source's transaction is one that can't write."""
    config = IngestModule({"mode": "file", "source": databases.dsn(filled)}).config
    source = PgstacSource(databases.dsn(filled), None, config, IngestSummary())

    async def write():
        await source.open()
        try:
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                source._connected.execute("DELETE FROM pgstac.items")
        finally:
            await source.close()

    asyncio.run(write())


@pytest.mark.parametrize("span", ["9999-12-31T23:59:59-14:00/..", "../0001-01-01T00:00:00+14:00"])
def test_a_filter_at_the_ends_of_time(databases, filled, span):
    """An instant that its offset leads out of the years that there are finds nothing, and stops nothing."""
    items, _, _ = ingest(databases.dsn(filled), datetime=span)
    assert items == []
