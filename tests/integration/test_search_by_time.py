"""Searches split by time against servers on which that can't see every item, and items that last long."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from timed_items import COLLECTION, ingest, times, write_collection

from shared_servers import shared_servers
from stac_ingest.cli.main import main
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard
from stac_ingest.sharding.manifest import Manifest

TOTAL = 400
YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
BY_TIME = {"worker_strategy": "time_chunks", "limit": 20}


def mixed(number):
    """Half instants, a quarter with a start and an end alone, a quarter with a `datetime` as well."""
    lasts = MONTH if number % 2 else timedelta(0)
    return times(number, TOTAL, lasts=lasts, instant=number % 4 == 1)


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """Write 400 items over ten years: instants and months."""
    folder = tmp_path_factory.mktemp("things")
    write_collection(folder, [mixed(number) for number in range(TOTAL)])
    return folder


@pytest.fixture(scope="module")
def servers(things, tmp_path_factory):
    """Give servers of these items."""
    with shared_servers(tmp_path_factory, things) as given:
        yield given


@pytest.fixture(scope="module")
def everything():
    """Name all of them."""
    return [f"i{number:05}" for number in range(TOTAL)]


UNSEEN = {
    "refuse-open-intervals": ["refuse-open-intervals"],
    "refuse-open-intervals=422": ["refuse-open-intervals=422"],
    "refuse-intervals": ["refuse-intervals"],
    "an ignored datetime": ["ignore-filters=datetime"],
    "null datetimes": ["datetime-only"],
    "exclusive ends": ["exclusive-ends"],
    "an item in ten": ["timeless-items=10"],
    "every other item": ["timeless-items=2"],
    "every item": ["timeless-items=1"],
    "a wrong extent": ["wrong-extent"],
    "all at once": ["refuse-open-intervals", "wrong-extent", "datetime-only", "timeless-items=7"],
}


@pytest.mark.parametrize("concurrency", [1, 4, 20])
@pytest.mark.parametrize("name", UNSEEN)
async def test_every_item_comes(name, concurrency, things, everything):
    """Whatever a search by time leaves out, every item comes once, and the certificate says that all are there."""
    ids, summary, certificate = await ingest(things, UNSEEN[name], concurrency=concurrency, **BY_TIME)
    assert sorted(ids) == everything
    assert certificate.verdict in ("complete", "complete with duplicates")
    assert summary.failures == 0
    assert summary.requests <= 4 * TOTAL / BY_TIME["limit"]


@pytest.mark.parametrize("behaviour", ["datetime-only", "timeless-items=10"])
async def test_the_summary_says_what_the_parts_lacked(behaviour, things):
    """The notes say how much the parts brought, that the whole was read again, and what that brought."""
    _, summary, certificate = await ingest(things, [behaviour], concurrency=4, **BY_TIME)
    missing = TOTAL // 4 if behaviour == "datetime-only" else TOTAL // 10
    assert (
        f"the time chunks brought {TOTAL - missing:,} of {TOTAL:,} items; one cursor then read everything again"
        in summary.notes
    )
    assert f"it brought {missing} items that no chunk had" in certificate.notes


async def test_without_counts_nothing_is_promised(things, everything):
    """Where the server doesn't count, one cursor reads all, and the verdict is unknown."""
    ids, _, certificate = await ingest(things, ["timeless-items", "no-counts"], concurrency=4, **BY_TIME)
    assert sorted(ids) == everything
    assert certificate.verdict == "unknown"


async def test_what_is_gone_meanwhile_is_not_looked_for(things):
    """Where the server counts fewer items in the end, one request tells; the whole is not read again."""
    ids, summary, certificate = await ingest(things, ["count-falls"], concurrency=4, **BY_TIME)
    assert len(ids) == TOTAL
    assert certificate.verdict.startswith("complete")
    assert summary.requests <= TOTAL / BY_TIME["limit"] + 20


async def test_a_users_interval_with_an_open_end(things):
    """An open end of the user's own is closed too where the server refuses it, for one cursor as for chunks of time."""
    for settings in ({}, {"concurrency": 4, **BY_TIME}):
        whole, *_ = await ingest(things, datetime="2015-01-01/..", **settings)
        ids, summary, _ = await ingest(things, ["refuse-open-intervals"], datetime="2015-01-01/..", **settings)
        assert sorted(ids) == sorted(whole)
        assert 0 < len(ids) < TOTAL
        assert any("open intervals" in note for note in summary.notes)


def run_command(url, output, *options):
    command = [url, "--collection", COLLECTION, "--to", "ndjson", "--output", str(output), "--limit", "20"]
    return main([*command, "--strategy", "time_chunks", "--concurrency", "4", *options])


@pytest.mark.parametrize("name", ["refuse-open-intervals", "datetime-only", "timeless-items", "refuse-intervals"])
def test_a_resumed_run_brings_all(name, everything, servers, tmp_path):
    """After a run that was stopped by its budget, another one brings every item, each of them once."""
    server = servers(name)
    assert run_command(server.url, tmp_path / "out", "--max-requests", "12") == 3
    assert run_command(server.url, tmp_path / "out", "--resume") == 0
    lines = (tmp_path / "out" / "items.ndjson").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == everything
    assert json.loads((tmp_path / "out" / "certificate.json").read_text())["verdict"].startswith("complete")


def test_the_command_says_what_the_parts_lacked(servers, tmp_path, capsys):
    """What the certificate notes of an API is printed as well."""
    server = servers("timeless-items=10")
    assert run_command(server.url, tmp_path / "out") == 0
    notes = json.loads((tmp_path / "out" / "certificate.json").read_text())["notes"]
    said = capsys.readouterr().err.splitlines()
    assert any("one cursor then read everything again" in note for note in notes)
    assert set(notes) <= set(said)


ODD = {"no-collections": ["no-collections"], "post-refused=403": ["post-refused=403"]}


@pytest.mark.slow
@pytest.mark.parametrize("shards", [1, 4])
@pytest.mark.parametrize("name", [*UNSEEN, *ODD])
def test_shards_bring_all(name, shards, everything, servers, tmp_path):
    """An ingest in shards delivers every item once; what no shard received is in a part of its own."""
    server = servers(*{**UNSEEN, **ODD}[name])
    settings = ShardedIngest.parse(
        {"source": server.url, "collection": COLLECTION, "output": str(tmp_path / "out"), "shards": shards, "limit": 20}
    )
    plan = plan_ingest(settings)
    for shard in plan.shards:
        run_shard(plan, shard.number)
    certificate = finalize_ingest(plan)
    assert ids_in(tmp_path / "out") == Counter(everything)
    assert (certificate.items, certificate.expected) == (TOTAL, TOTAL)
    assert certificate.verdict.startswith("complete")


def ids_in(output):
    manifest = Manifest.model_validate_json((output / "manifest.json").read_bytes())
    return Counter(one for part in manifest.parts for one in pq.read_table(output / part.path)["id"].to_pylist())


LONG = 10_000
KINDS = {
    "years": lambda number: times(number, LONG, lasts=YEAR),
    "years with an instant": lambda number: times(number, LONG, lasts=YEAR, instant=True),
    "instants and years": lambda number: times(number, LONG, lasts=YEAR * (number % 2)),
    "quarters": lambda number: times(number, LONG, lasts=YEAR / 4),
    "ten years": lambda number: times(number, LONG, lasts=10 * YEAR),
    "instants": lambda number: times(number, LONG),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_items_that_last_long_are_not_read_many_times(kind, tmp_path):
    """Ten thousand items, a hundred a page, by twenty workers: at most 200 requests, nothing lost, nothing twice."""
    ids = write_collection(tmp_path, [KINDS[kind](number) for number in range(LONG)])
    found, summary, certificate = await ingest(tmp_path, concurrency=20, worker_strategy="time_chunks", limit=100)
    assert sorted(found) == ids
    assert certificate.verdict.startswith("complete")
    assert summary.requests <= (125 if kind == "instants" else 200)
