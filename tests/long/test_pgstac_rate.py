"""How fast items get into a pgstac: `stac-ingest` beside a bare COPY of the same rows, and beside `pypgstac load`.

`TEST_LONG=1 .venv/bin/pytest tests/long/test_pgstac_rate.py -s` prints the ratios of 100,000 items; `TEST_ITEMS`,
`TEST_ITEM_KB` (5 or 20) and `TEST_PAIRS` change what is loaded, and how often. A rate is of items in a second, work is
the time of processors that client and server need; a ratio above 1 says that `stac-ingest` is faster, or needs less.
Both are printed, and neither is judged.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from psycopg import sql

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from pgstac_databases import pgstac_databases

LONG = "TEST_LONG" in os.environ
ITEMS = int(os.environ.get("TEST_ITEMS", "100000")) if LONG else 300
PAIRS = int(os.environ.get("TEST_PAIRS", "4")) if LONG else 1
ITEM_KB = int(os.environ.get("TEST_ITEM_KB", "5"))
CONNECTIONS = (1, 2, 3) if LONG else (2,)
"""How many a bare COPY is tried over; the fastest of them is measured."""
SEED = 20261129
COLUMNS = "id, geometry, collection, datetime, end_datetime, content, private"
TILE = f"""
    SELECT {COLUMNS} FROM (SELECT *, ntile({{}}) OVER (ORDER BY ctid) AS tile FROM {{}}) AS tiles WHERE tile = {{}}
"""
BOUNDS = "SELECT collection, min(datetime), max(datetime), min(end_datetime), max(end_datetime) FROM items GROUP BY 1"
HELD = "SELECT count(*), count(DISTINCT (collection, id)), sum(hashtextextended(items::text, 0)::numeric) FROM items"


class Took(NamedTuple):
    """What a load has cost, in seconds."""

    clock: float
    client: float
    """Of processors, by its processes."""
    server: float
    """Of processors, by all of PostgreSQL."""


class Arena:
    """An empty pgstac that knows the collection, of which each load gets a copy, and the clock."""

    def __init__(self, databases, corpus: Path, folder: Path) -> None:
        self.databases, self.corpus, self.folder = databases, corpus, folder
        self.variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.variables |= databases.variables
        with databases.connect() as connection:
            connection.execute("CREATE DATABASE ready TEMPLATE empty")
        databases.run("ready", "load", "collections", corpus / "collection.json", "--method", "insert")

    def connect(self, name):
        """Connect, and see the tables of pgstac."""
        return self.databases.connect(name, options="-c search_path=pgstac,public")

    def timed(self, name, *commands, finish="SELECT 1"):
        """Run commands at once on a database, and a statement after them."""
        variables = {**self.variables, "PGDATABASE": name}
        with self.connect(name) as connection, (self.folder / f"{name}.log").open("wb") as log:
            connection.execute("CHECKPOINT")
            server, began, client = server_seconds(connection), time.monotonic(), 0.0
            running = [subprocess.Popen(words, env=variables, stdout=log, stderr=log) for words in commands]
            for process in running:
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                client += used.ru_utime + used.ru_stime
            connection.execute(finish)
            took = Took(time.monotonic() - began, client, server_seconds(connection) - server)
        assert not any(process.returncode for process in running), (self.folder / f"{name}.log").read_text()
        return took

    def held(self, name):
        """Give how many rows there are, how many items, and a hash of all columns of all rows."""
        with self.connect(name) as connection:
            return connection.execute(HELD).fetchone()

    def drop(self, name):
        """Make room."""
        with self.databases.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def server_seconds(connection):
    """Processor time of a whole PostgreSQL: of its processes that run, and of those that have ended."""

    def fields(process):
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()

    parent = fields(connection.info.backend_pid)[1]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    ticks = [*fields(parent)[11:15], *(tick for child in children for tick in fields(child)[11:13])]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


class BareCopy:
    """`COPY` of rows that `pypgstac load` has made, in PostgreSQL's binary form, straight into their partition.

    The partition is there and lets them in before the clock starts. It has pgstac's indexes, constraints and triggers,
    and pgstac's statistics are brought up to date by the clock.
    """

    def __init__(self, arena: Arena, source: str, connections: int) -> None:
        self.arena = arena
        with arena.connect(source) as connection:
            self.bounds = connection.execute(BOUNDS).fetchone()
            table = self.partition(connection)
            self.files = [arena.folder / f"{connections}-{number}" for number in range(connections)]
            for number, path in enumerate(self.files, 1):
                part = f"COPY ({TILE.format(connections, table, number)}) TO STDOUT (FORMAT binary)"
                with path.open("wb") as file, connection.cursor().copy(part) as rows:
                    file.writelines(rows)

    def partition(self, connection):
        """Have the partition made, unless it is there; give its name."""
        ranges = "tstzrange(%s, %s, '[]'), tstzrange(%s, %s, '[]')"
        return connection.execute(f"SELECT check_partition(%s, {ranges})", self.bounds).fetchone()[0]

    def load(self, name, *settings):
        """Load the rows over as many connections as there are files, as the server is set or with other settings."""
        with self.arena.connect(name) as connection:
            table = self.partition(connection)
        copy = f"\\copy pgstac.{table} ({COLUMNS}) FROM '{{}}' (FORMAT binary)"
        words = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", *(f"-cSET {setting}" for setting in settings), "-c"]
        commands = [[*words, copy.format(path)] for path in self.files]
        return self.arena.timed(name, *commands, finish=f"SELECT update_partition_stats_q('{table}')")


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    """Start a PostgreSQL with PostGIS, and write the items and their collection."""
    folder = tmp_path_factory.mktemp("rates")
    corpus = Corpus(kind="api", items=ITEMS, item_kb=ITEM_KB)
    with pgstac_databases() as databases:
        build("items", corpus, SEED, folder / "corpus", folder / "corpus.json", os.cpu_count() or 1)
        yield Arena(databases, folder / "corpus", folder)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["insert", "upsert"])
def test_each_way_loads_the_same_rows(arena, tmp_path, method):
    """Loaded by `stac-ingest`, each item is in pgstac once, with every column as `pypgstac load` has it."""
    lines = arena.corpus / "items.ndjson"
    settings = tmp_path / "settings.json"
    settings.write_bytes(orjson.dumps({"output": {"method": method}}))
    command = [sys.executable, "-m", "stac_ingest", str(lines), "--to", "pgstac", "--config", str(settings)]
    peer = [str(arena.databases.pypgstac), "load", "items", str(lines), "--method", method]

    def ours(name):
        return arena.timed(name, [*command, "--database", arena.databases.dsn(name), "--output", str(tmp_path / name)])

    def theirs(name):
        return arena.timed(name, peer)

    def once(load):
        name = arena.databases.new("ready")
        took = load(name)
        assert arena.held(name) == expected
        arena.drop(name)
        return took

    first = arena.databases.new("ready")
    theirs(first)
    expected = arena.held(first)
    assert expected[:2] == (ITEMS, ITEMS)
    copies = [BareCopy(arena, first, connections) for connections in CONNECTIONS]
    arena.drop(first)
    copy = min(copies, key=lambda one: once(one.load).clock)

    loads = {
        "stac-ingest": ours,
        f"COPY over {len(copy.files)}": copy.load,
        "the same with LZ4": lambda name: copy.load(name, "default_toast_compression = lz4"),
        "pypgstac load": theirs,
    }
    pairs = []
    for number in range(PAIRS):
        order = list(loads.items())[:: -1 if number % 2 else 1]
        took = {name: once(load) for name, load in order}
        pairs.append([took[name] for name in loads])
    size = lines.stat().st_size / ITEMS / 1000
    told(
        f"{method}, {ITEMS:,} items, {size:.1f} KB each; load of the machine in the end {os.getloadavg()[0]:.1f}",
        *ratios(list(loads), pairs),
    )


def ratios(names, pairs):
    """Say what each load took, and how many times as fast as each other the first was, pair by pair."""
    for took in pairs:
        each = [f"{name} {one.clock:.1f} s" for name, one in zip(names, took, strict=True)]
        yield ", ".join(each)
    for what, cost in (("rate", lambda one: one.clock), ("work", lambda one: one.client + one.server)):
        for at, name in enumerate(names[1:], 1):
            found = [cost(took[at]) / cost(took[0]) for took in pairs]
            shown = " ".join(f"{ratio:.2f}" for ratio in found)
            yield f"{what} of {names[0]} to {name}: {statistics.median(found):.2f}, median of {shown}"
    for at, name in enumerate(names):
        client, server = (statistics.median(took[at][which] for took in pairs) for which in (1, 2))
        yield f"seconds of processors, {name}: {client:.1f} of the client, {server:.1f} of the server"


def told(*lines):
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
