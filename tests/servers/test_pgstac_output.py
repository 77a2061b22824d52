"""`--to pgstac`, on a real PostgreSQL with PostGIS: what is there afterwards, and what costs itself alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from psycopg.rows import tuple_row

START = datetime(2021, 12, 30, tzinfo=UTC)
FORMS = (
    "{:%Y-%m-%dT%H:%M:%S}Z",
    "{:%Y-%m-%dT%H:%M:%S}+00:00",
    "{:%Y-%m-%dT%H:%M:%S}.250Z",
    "{:%Y-%m-%d %H:%M:%S}.5+02:00",
)


def item(number: int, collection: str = "things", **more):
    """Make an item; times are written in four ways, and go over the end of a year and of months."""
    moment = START + timedelta(hours=7 * number)
    west = number % 170
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number:05}",
        "collection": collection,
        "geometry": {"type": "Polygon", "coordinates": [[[west, 0], [west + 1, 0], [west + 1, 1.5], [west, 0]]]},
        "bbox": [west, 0, west + 1, 1.5],
        "properties": {"datetime": FORMS[number % 4].format(moment), "n": number, "none": None, "text": 'a\\"\t\u00e9'},
        "links": [],
        "assets": {"data": {"href": f"https://x.example/{number}", "type": "image/tiff", "roles": ["data"]}},
        **more,
    }


COLLECTION = {
    "type": "Collection",
    "stac_version": "1.1.0",
    "id": "things",
    "description": "things",
    "license": "other",
    "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
    "links": [],
    "item_assets": {
        "data": {"type": "image/tiff", "title": "the data", "roles": ["data"]},
        "thumb": {"type": "image/png"},
    },
}


@pytest.fixture
def lines(tmp_path):
    """Give a function that writes items to a file of lines."""

    def write(items, name="in.ndjson"):
        path = tmp_path / name
        path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in items))
        return path

    return write


class Command:
    """The command, with the environment of a database."""

    def __init__(self, databases, name, folder: Path) -> None:
        self.databases, self.name, self.folder = databases, name, folder
        self.environment = {**os.environ, **databases.variables, "PGDATABASE": name}

    def arguments(self, source, *more):
        """Give the words of the command."""
        return [sys.executable, "-m", "stac_ingest", str(source), "--to", "pgstac", "--output", str(self.folder), *more]

    def run(self, source, *more, settings=None):
        """Run it, and return its exit code, its words and its certificate."""
        if settings is not None:
            path = self.folder.with_suffix(".yaml")
            path.write_bytes(orjson.dumps({"output": settings}))
            more = (*more, "--config", str(path))
        done = subprocess.run(
            self.arguments(source, *more), env=self.environment, capture_output=True, text=True, check=False
        )
        certificate = self.folder / "certificate.json"
        return done.returncode, done.stderr, orjson.loads(certificate.read_bytes()) if certificate.exists() else None

    def failures(self):
        """Give id and error of each failure."""
        path = self.folder / "failures.ndjson"
        found = map(orjson.loads, path.read_bytes().splitlines()) if path.exists() else ()
        return {one["item_id"]: one["error"] for one in found}

    def ask(self, statement, *values):
        """Ask the database."""
        with self.databases.connect(self.name, row_factory=tuple_row) as connection:
            connection.execute("SET search_path TO pgstac, public")
            found = connection.execute(statement, values or None)
            return found.fetchall() if found.description else []

    def state(self):
        """Give what readers of a database see: hydrated items, partitions, their counts and constraints."""
        found = self.ask("SELECT search('{\"limit\": 10000}')")[0][0]["features"]
        items = {(one["collection"], one["id"]): one for one in found}
        for one in items.values():
            one.pop("links")  # pgstac makes them
        parts = self.ask(
            "SELECT collection, partition_dtrange::text, constraint_dtrange::text, constraint_edtrange::text, "
            "dtrange::text, edtrange::text, ST_AsText(spatial) FROM partitions_view ORDER BY 1, 2"
        )
        counts = self.ask(
            "SELECT collection, date_trunc('month', datetime), count(*) FROM items GROUP BY 1, 2 ORDER BY 1, 2"
        )
        columns = self.ask("SELECT id, datetime, end_datetime, geometry, private FROM items ORDER BY collection, id")
        return items, parts, counts, columns


@pytest.fixture
def command(databases, tmp_path):
    """Give the command and an empty pgstac."""
    return Command(databases, databases.new(), tmp_path / "out")


def load_collection(command, tmp_path, trunc=None, document=COLLECTION):
    """Put a collection there as pypgstac does, partitioned or not."""
    path = tmp_path / "collections.json"
    path.write_bytes(orjson.dumps(document))
    command.databases.run(command.name, "load", "collections", path, "--method", "insert")
    if trunc:
        command.ask("UPDATE collections SET partition_trunc = %s RETURNING 1", trunc)


@pytest.mark.parametrize("trunc", [None, "month"])
def test_the_state_is_the_one_that_pypgstac_leaves(databases, command, lines, tmp_path, trunc):
    """Searches, partitions, their constraints and statistics, and all columns are the same as after `pypgstac load`."""
    ranged = item(8, id="ranged")
    ranged["properties"] |= {
        "datetime": None,
        "start_datetime": "2022-01-02T00:00:00Z",
        "end_datetime": "2022-03-04T05:06:07Z",
    }
    items = [item(number) for number in range(300)] + [ranged, item(4, id="secret", private={"a": 1})]
    for one in items[300:]:
        one["properties"]["text"] = ""
    # `pypgstac load` compares times as text, and comes to no end where they are written in several ways; nor does it
    # keep backslashes.
    for number, one in enumerate(items[:300]):
        one["properties"]["text"] = "\u00e9\t"
        one["properties"]["datetime"] = FORMS[0].format(START + timedelta(hours=7 * number))
    theirs = Command(databases, databases.new(), tmp_path / "theirs")
    for one in (command, theirs):
        load_collection(one, tmp_path, trunc)
    source = lines(items)
    databases.run(theirs.name, "load", "items", source, "--method", "insert")
    code, said, certificate = command.run(source)
    assert (code, certificate["verdict"]) == (0, "complete"), said
    ours, others = command.state(), theirs.state()
    assert ours[0].keys() == others[0].keys()
    assert len(ours[0]) == 302
    for one, other in zip(ours, others, strict=True):
        assert one == other
    assert certificate["output"]["inserted"] == 302
    # By other words for the same question.
    for body in (
        '{"datetime": "2022-01-01T00:00:00Z/2022-01-31T00:00:00Z", "limit": 999}',
        '{"bbox": [0, 0, 20, 1], "limit": 999}',
    ):
        found = [
            [one["id"] for one in side.ask("SELECT search(%s)", body)[0][0]["features"]] for side in (command, theirs)
        ]
        assert found[0] == found[1] != []


def test_times_that_are_written_differently_share_a_partition(command, lines, tmp_path):
    """`Z`, offsets and fractions land in the partition of their instant, and nothing is refused."""
    load_collection(command, tmp_path, "month")
    code, said, _ = command.run(lines(item(number) for number in range(200)))
    assert code == 0, said
    rows = command.ask(
        "SELECT tableoid::regclass::text, to_char(datetime, 'YYYYMM'), count(*) FROM items GROUP BY 1, 2"
    )
    assert all(name.endswith(f"_{month}") for name, month, _ in rows)
    assert len(rows) == len({name for name, _, _ in rows}) == 3
    assert sum(count for _, _, count in rows) == 200


def test_what_pgstac_refuses_costs_itself_alone(command, lines):
    """Each item that pgstac can't take is a failure by its name, and all others are there."""
    bad = {
        "no geometry": item(1, id="no geometry", geometry=None),
        "no time": item(2, id="no time", properties={}),
        "no properties": item(2, id="no properties", properties=None),
        "backwards": item(
            3,
            id="backwards",
            properties={"start_datetime": "2022-01-02T00:00:00Z", "end_datetime": "2022-01-01T00:00:00Z"},
        ),
        "not a time": item(3, id="not a time", properties={"datetime": "yesterday"}),
        "open ring": item(
            4, id="open ring", geometry={"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}
        ),
        "no shape": item(5, id="no shape", geometry={"type": "Polygon", "coordinates": [[["x", 0]]]}),
        "no kind": item(5, id="no kind", geometry={"type": "Blob", "coordinates": []}),
        "nul": item(6, id="nul", properties={"datetime": "2022-01-01T00:00:00Z", "text": "a\0b"}),
        "no collection": item(7, id="no collection", collection=None),
        "nul\0id": item(8, id="nul\0id"),
        "x" * 9000: item(
            9,
            id="x" * 9000,
            properties={"datetime": "2022-01-01T00:00:00Z", **{str(n): os.urandom(3).hex() for n in range(9)}},
        ),
    }
    bad["x" * 9000]["id"] = long = os.urandom(4500).hex()  # no index holds what can't be compressed
    good = [item(number) for number in range(50)]
    huge = orjson.dumps(item(99, id="huge")).replace(b'"n":99', b'"n":1' + b"0" * 140_000)
    fine = orjson.dumps(item(98, id="fine")).replace(b'"n":98', b'"n":' + b"123456789" * 9)
    source = lines([*good[:25], *bad.values(), *good[25:]])
    with source.open("ab") as stream:
        stream.write(huge + b"\n" + fine + b"\n")
    code, said, certificate = command.run(source)
    assert (code, certificate["verdict"]) == (1, "truncated"), said
    names = {*bad} - {"x" * 9000} | {long, f"{source.name}#{len(good) + len(bad) + 1}"}
    assert command.failures().keys() == names
    assert "NUL" in command.failures()["nul"]
    assert certificate["written"] == certificate["output"]["items"] == 51
    assert command.ask("SELECT count(*), max(content->'properties'->>'n') FROM items WHERE id = 'fine'") == [
        (1, "123456789" * 9)
    ]
    assert len(command.ask("SELECT id FROM items")) == 51
    # What was refused is tried again, and refused again.
    code, said, certificate = command.run(source, "--resume")
    assert (code, certificate["verdict"]) == (1, "truncated"), said
    assert command.failures().keys() == names


def test_names_are_only_ever_values(command, lines):
    """Ids and collections with quotes, semicolons and the like are written as they are, and nothing else happens."""
    names = [
        "'; DROP TABLE pgstac.items; --",
        'a"b',
        "a;b",
        "%s",
        "{}",
        "\\",
        "a\tb\nc",
        "é" * 300,
        "..",
        "$1",
        "NULL",
        "\\N",
    ]
    items = [item(number, collection=name, id=f"{name}/{number}") for number, name in enumerate(names)]
    code, said, certificate = command.run(lines(items))
    assert (code, certificate["written"]) == (0, len(names)), (said, command.failures())
    found = command.ask("SELECT collection, id FROM items")
    assert set(found) == {(one["collection"], one["id"]) for one in items}
    assert certificate["output"]["collections_made"] == sorted(names)


def test_methods(command, lines):
    """Items that are there are refused, left, written where they differ, or written anew, as the method says."""
    first = lines([item(number) for number in range(10)], "first.ndjson")
    changed = [item(number, properties={"datetime": "2023-01-01T00:00:00Z", "n": -1}) for number in (8, 9)]
    second = lines([item(number) for number in range(5, 8)] + changed + [item(10)], "second.ndjson")
    assert command.run(first, settings={"partition": "year"})[0] == 0
    before = {row[0]: row[1] for row in command.ask("SELECT id, xmin::text FROM items")}

    code, _, certificate = command.run(second, settings={"method": "insert"})
    assert (code, certificate["written"]) == (1, 1)
    assert set(command.failures()) == {f"i{number:05}" for number in range(5, 10)}

    code, said, certificate = command.run(second, settings={"method": "ignore"})
    assert (code, certificate["output"]["unchanged"], certificate["verdict"]) == (0, 6, "complete"), said
    assert command.ask("SELECT count(*) FROM items WHERE content->'properties'->>'n' = '-1'") == [(0,)]

    code, _, certificate = command.run(second, settings={"method": "upsert"})
    assert [certificate["output"][name] for name in ("inserted", "updated", "unchanged")] == [0, 2, 4]
    after = {row[0]: row[1] for row in command.ask("SELECT id, xmin::text FROM items")}
    assert {one for one in before if before[one] != after[one]} == {"i00008", "i00009"}
    # An item whose time is another one now isn't left behind in the partition that it was in.
    assert len(command.ask("SELECT id FROM items")) == len(after) == 11
    assert command.ask("SELECT DISTINCT tableoid::regclass::text FROM items WHERE datetime >= '2023-01-01'") == [
        ("_items_1_2023",)
    ]

    code, _, certificate = command.run(second, settings={"method": "replace"})
    assert [certificate["output"][name] for name in ("inserted", "updated", "unchanged")] == [0, 6, 0]
    assert len(command.ask("SELECT id FROM items")) == 11


def test_collections_are_taken_or_made_and_never_written_over(command, lines, tmp_path):
    """One that is there stays; one beside the items is taken; one that nothing describes is made, with an extent."""
    load_collection(command, tmp_path, document={**COLLECTION, "title": "kept"})
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "collection.json").write_bytes(orjson.dumps({**COLLECTION, "id": "beside", "title": "beside the items"}))
    items = [item(1), item(2, collection="beside"), item(3, collection="made"), item(30, collection="made")]
    (folder / "items.ndjson").write_bytes(b"\n".join(map(orjson.dumps, items)))
    code, said, certificate = command.run(folder / "items.ndjson", settings={"partition": "month"})
    assert code == 0, said
    found = {row[0]: (row[1], row[2]) for row in command.ask("SELECT id, content, partition_trunc FROM collections")}
    assert (found["things"][0]["title"], found["things"][1]) == ("kept", None)
    assert (found["beside"][0]["title"], found["beside"][1]) == ("beside the items", "month")
    assert found["made"][0]["extent"] == {
        "spatial": {"bbox": [[3, 0, 31, 1.5]]},
        "temporal": {"interval": [["2021-12-30T19:00:00.5+00:00", "2022-01-07T18:00:00.25+00:00"]]},
    } or found["made"][0]["extent"]["spatial"]["bbox"] == [[3, 0, 31, 1.5]]
    assert certificate["output"]["collections_made"] == ["beside", "made"]
    assert command.ask("SELECT count(*) FROM base_items") == [(0,)]


def test_an_item_comes_back_as_it_was_beside_a_base_item(command, lines, tmp_path):
    """Assets that share little or all with `item_assets`, or lack some, are the same when they are hydrated."""
    load_collection(command, tmp_path)
    items = [
        item(0, assets={"data": dict(COLLECTION["item_assets"]["data"]), "thumb": {"type": "image/png"}}),
        item(1, assets={}),
        item(2, assets={"data": {"href": "x", "roles": []}, "thumb": {"type": "image/jpeg", "true": True, "one": 1}}),
        item(3, assets={"other": {"href": "y"}}, stac_version="1.0.0"),
        item(4, assets={"data": {"title": "the data", "type": "image/tiff", "roles": ["x"]}}),
    ]
    for one in items:
        del one["properties"]["none"]
    code, said, certificate = command.run(lines(items))
    assert (code, certificate["verdict"]) == (0, "complete"), said
    found = {row[0]["id"]: row[0] for row in command.ask("SELECT content_hydrate(items) FROM items")}
    assert found == {one["id"]: one for one in items}
    sizes = command.ask("SELECT id FROM items WHERE content->'assets' = '{\"data\": {}, \"thumb\": {}}'")
    assert sizes == [("i00000",)]


def test_a_second_base_item_is_named(command, lines, tmp_path):
    """Items of a collection that was edited since are hydrated by the base item of their time."""
    load_collection(command, tmp_path)
    assert command.run(lines([item(1)]))[0] == 0
    edited = {**COLLECTION, "item_assets": {"data": {"type": "image/png", "title": "another"}}}
    command.ask("SELECT update_collection(%s)", orjson.dumps(edited).decode())
    assert command.run(lines([item(1), item(2)]), settings={"method": "replace"})[0] == 0
    found = {row[0]["id"]: row[0]["assets"] for row in command.ask("SELECT content_hydrate(items) FROM items")}
    assert found == {f"i0000{number}": item(number)["assets"] for number in (1, 2)}


def test_what_the_binary_form_of_a_geometry_loses_is_noted(command, lines):
    """Members beside those of GeoJSON and a fourth number are left out, named in notes.ndjson, and in the verdict."""
    geometry = {"type": "MultiPoint", "coordinates": [[1, 2, 3, 4], [5, 6, 7, 8]], "crs": {"type": "name"}}
    code, _, certificate = command.run(lines([item(1, geometry=geometry), item(2)]))
    assert (code, certificate["verdict"], certificate["changes"]) == (0, "complete with changes", 2)
    notes = [orjson.loads(line) for line in (command.folder / "notes.ndjson").read_bytes().splitlines()]
    assert {(one["item_id"], one["member"]) for one in notes} == {("i00001", "geometry")}
    assert command.ask("SELECT ST_AsText(geometry) FROM items WHERE id = 'i00001'") == [
        ("MULTIPOINT Z ((1 2 3),(5 6 7))",)
    ]


def test_a_killed_run_is_resumed(command, lines):
    """Killed between two commits, a run goes on: each item is there once, whichever the method."""
    count = 9000
    source = lines(item(number, collection=("a", "b")[number % 2]) for number in range(count))
    settings = {"method": "insert", "partition": "year"}
    command.folder.with_suffix(".yaml").write_bytes(orjson.dumps({"output": settings}))
    words = command.arguments(source, "--config", str(command.folder.with_suffix(".yaml")))
    process = subprocess.Popen(words, env=command.environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while command.ask("SELECT count(*) FROM items") == [(0,)] and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = command.ask("SELECT count(*) FROM items")[0][0]
    assert 0 < there < count, "the kill came too late"
    code, said, certificate = command.run(source, "--resume", settings=settings)
    assert (code, certificate["verdict"], certificate["items"]) == (0, "complete", count), (said, command.failures())
    assert command.ask("SELECT count(*), count(DISTINCT (collection, id)) FROM items") == [(count, count)]
    loose = "SELECT count(*) FROM partitions_view WHERE constraint_dtrange IS DISTINCT FROM dtrange"
    assert command.ask(loose) == [(0,)]


def test_connections_that_the_server_ends(command, lines):
    """A run whose connections are ended again and again connects anew, and nothing is lost or doubled."""
    count = 9000
    source = lines(item(number) for number in range(count))
    process = subprocess.Popen(command.arguments(source), env=command.environment, stderr=subprocess.PIPE, text=True)
    ended = 0
    ending = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'stac-ingest' AND state = 'active'"
    )
    while process.poll() is None:
        ended += command.ask(ending)[0][0] if ended < 4 else 0
        time.sleep(0.02)
    assert process.returncode == 0, process.communicate()
    process.communicate()
    assert ended > 0
    assert command.ask("SELECT count(*), count(DISTINCT id) FROM items") == [(count, count)]


def test_databases_that_cant_be_used(databases, command, lines, tmp_path):
    """A wrong place, no pgstac, an unknown version, and a password in sight end the run with a sentence, and code 2."""
    source = lines([item(1)])
    with databases.connect() as connection:
        connection.execute("CREATE DATABASE bare TEMPLATE template0")
    old = databases.new()
    with databases.connect(old) as connection:
        connection.execute(
            "INSERT INTO pgstac.migrations (version, datetime) VALUES ('0.2.1', now() + interval '1 day')"
        )
    for dsn, word in (
        (databases.dsn("bare"), "pypgstac migrate"),
        (databases.dsn(old), "0.2.1"),
        (databases.dsn("nowhere"), "can't be reached"),
        ("postgresql://stac@127.0.0.1:1/x", "can't be reached"),
        ("postgresql://me:s3cret@127.0.0.1/x", "PGPASSWORD"),
        ("host=127.0.0.1 password=s3cret", "PGPASSWORD"),
        ("postgresql://me:s3cret@[::1/x", "PGPASSWORD"),
    ):
        code, said, certificate = command.run(source, "--database", dsn)
        assert (code, certificate) == (2, None), said
        assert word in said
        assert "s3cret" not in said
    code, said, _ = command.run(source, settings={"database": "postgresql://me:s3cret@[::1/x"})
    assert (code, "s3cret" in said) == (2, False)
    code, said, _ = command.run(source, settings={"method": "delsert"})
    assert code == 2
    assert "method" in said
    code, said, _ = command.run(source, "--to", "ndjson", "--database", "x")
    assert (code, "takes no settings" in said) == (2, True)


def test_a_wrong_password_is_told_without_it(databases, command, lines):
    """A server that asks for a password and gets a wrong one is quoted, and the password isn't."""
    with databases.connect() as connection:
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        (path,) = connection.execute("SHOW hba_file").fetchone()
        before = Path(path).read_text()
        Path(path).write_text("host all guarded all scram-sha-256\n" + before)
        connection.execute("SELECT pg_reload_conf()")
    dsn = f"postgresql://guarded:wr0ng@127.0.0.1:{databases.variables['PGPORT']}/{command.name}"
    try:
        code, said, _ = command.run(lines([item(1)]), settings={"database": dsn})
    finally:
        Path(path).write_text(before)
    assert code == 2
    assert "password authentication failed" in said
    assert "wr0ng" not in said


def test_records_of_another_database_are_not_gone_on_with(databases, command, lines):
    """Who resumes with a database that was made anew is told so: what the records say is there, isn't."""
    source = lines([item(1)])
    assert command.run(source)[0] == 0
    with databases.connect() as connection:
        connection.execute(f'DROP DATABASE "{command.name}"')
        connection.execute(f'CREATE DATABASE "{command.name}" TEMPLATE empty')
    code, said, _ = command.run(source, "--resume")
    assert (code, "another database" in said) == (2, True)
    assert command.run(source)[0] == 0
    assert command.ask("SELECT id FROM items") == [("i00001",)]


@pytest.mark.slow
def test_two_loaders_of_the_same_items_at_once(databases, command, lines, tmp_path):
    """Runs that load the same items at the same time both end well, with each item once."""
    source = lines(item(number) for number in range(3000))
    load_collection(command, tmp_path, "month")
    other = Command(databases, command.name, tmp_path / "other")
    both = [
        subprocess.Popen(one.arguments(source), env=one.environment, stderr=subprocess.PIPE) for one in (command, other)
    ]
    assert [one.communicate() and one.returncode for one in both] == [0, 0]
    assert command.ask("SELECT count(*), count(DISTINCT id) FROM items") == [(3000, 3000)]


def test_queued_statistics(command, lines):
    """Where pgstac queues what it does later, items are found at once, and the queue ends in the usual state."""
    command.ask("UPDATE pgstac_settings SET value = 'true' WHERE name = 'use_queue' RETURNING 1")
    code, said, _ = command.run(lines(item(number) for number in range(5000)))
    assert code == 0, said
    assert command.ask('SELECT search(\'{"ids": ["i00042"]}\')')[0][0]["features"][0]["id"] == "i00042"
    command.ask("SELECT run_queued_queries_intransaction()")
    assert command.ask("SELECT lower(dtrange) = min(datetime) FROM partitions_view, items GROUP BY dtrange") == [
        (True,)
    ]


def test_a_run_that_was_killed_behind_its_last_item_is_finished(command, lines):
    """Where all items were written and the statistics weren't, the run that goes on brings these up to date."""
    source = lines(item(number) for number in range(9000))
    trigger = "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'"
    command.ask(trigger)
    command.ask(
        "CREATE TRIGGER stop BEFORE UPDATE ON partition_stats FOR EACH ROW WHEN (NEW.dtrange IS NOT NULL) "
        "EXECUTE FUNCTION stop()"
    )
    process = subprocess.Popen(command.arguments(source), env=command.environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    while command.ask(waiting) == [(0,)] and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    command.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    command.ask("DROP TRIGGER stop ON partition_stats")
    loose = "SELECT count(*) FROM partitions_view WHERE constraint_dtrange IS DISTINCT FROM dtrange"
    assert command.ask(loose) == [(1,)]
    code, said, certificate = command.run(source, "--resume")
    assert (code, certificate["verdict"], certificate["written"]) == (0, "complete", 0), said
    assert command.ask(loose) == [(0,)]


def test_items_that_come_again(command, lines):
    """Of two items with one id the first is loaded, and the certificate says that the other was left out."""
    code, said, certificate = command.run(lines([item(1), item(2), item(1, bbox=[0, 0, 1, 1])]))
    assert (code, certificate["verdict"], certificate["duplicates"]) == (0, "complete with duplicates", 1), said
    assert command.ask("SELECT content->'bbox' FROM items WHERE id = 'i00001'") == [([1, 0, 2, 1.5],)]


@pytest.mark.parametrize("chosen", [None, "pglz"], ids=["nothing chosen", "chosen"])
def test_json_is_compressed_by_lz4_unless_another_way_was_chosen(command, lines, chosen):
    """Items that are large enough to be compressed are so by LZ4, or as who connects or runs the server has it."""
    if chosen:
        command.environment["PGOPTIONS"] = f"-c default_toast_compression={chosen}"
    words = " ".join(f"word {number % 100}" for number in range(1000))
    code, said, _ = command.run(
        lines([item(n, properties={"datetime": "2024-05-01T00:00:00Z", "w": words}) for n in range(3)])
    )
    assert code == 0, said
    assert command.ask("SELECT DISTINCT pg_column_compression(content) FROM items") == [(chosen or "lz4",)]


def test_changes_of_items_that_are_encoded_at_once_are_noted_once(command, lines):
    """Behind items that say which collections there are, a change is noted as often as it was made, by item."""
    plain = [item(number) for number in range(400)]
    for one in plain:
        one["properties"]["long"] = "x" * 8000  # three spans of a file, of which the first one says the collection
    for one in plain[::100]:
        one["geometry"]["more"] = 1
    code, said, certificate = command.run(lines([*plain, plain[100]]))
    assert (code, certificate["items"]) == (0, 400), said
    notes = [orjson.loads(line) for line in (command.folder / "notes.ndjson").read_bytes().splitlines()]
    named = [note["item_id"] for note in notes if note.get("member") == "geometry"]
    assert sorted(named) == [one["id"] for one in plain[::100]]


def test_instants_at_the_ends_of_time(command, lines):
    """What its offset or its rounding leads out of the years 1 to 9999 is a failure, and the others are loaded."""
    odd = ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")
    fine = ("9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z")
    source = lines(item(1, id=moment, properties={"datetime": moment}) for moment in (*odd, *fine))
    code, said, certificate = command.run(source, settings={"partition": "month"})
    assert (code, certificate["written"]) == (1, len(fine)), said
    assert command.failures().keys() == set(odd)
    assert {row[0] for row in command.ask("SELECT id FROM items")} == set(fine)


def test_a_database_that_became_read_only_is_no_fault_of_items(command, lines):
    """The run ends with the server's words, and names no item as failed."""
    assert command.run(lines([item(1)]))[0] == 0
    command.ask(f'ALTER DATABASE "{command.name}" SET default_transaction_read_only = on')
    code, said, _ = command.run(lines(item(number) for number in range(2, 40)))
    assert (code, command.failures()) == (3, {})
    assert "takes no items" in said
    assert "read-only" in said
