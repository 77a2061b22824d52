"""The command with sources as they are pasted, against a real server; what is secret in them, and which collection."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from misbehaving_api import Api, ids_of, make_items
from timed_items import COLLECTION, times, write_collection

from shared_servers import shared_servers
from stac_ingest import ConfigurationError, IngestModule, WorkflowContext
from stac_ingest.cli.main import main
from stac_ingest.completeness import completeness_report
from stac_ingest.pipeline import PipelineResult

TOTAL = 60


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """Write 60 items."""
    folder = tmp_path_factory.mktemp("things")
    write_collection(folder, [times(number, TOTAL) for number in range(TOTAL)])
    return folder


@pytest.fixture(scope="module")
def servers(things, tmp_path_factory):
    """Give servers of these items."""
    with shared_servers(tmp_path_factory, things) as given:
        yield given


def run(source, output, *options):
    code = main([source, "--to", "ndjson", "--output", str(output), *options])
    items = output / "items.ndjson"
    return code, len(items.read_text().splitlines()) if items.exists() else 0


@pytest.mark.parametrize(
    ("pasted", "items"),
    [
        ("", TOTAL),
        ("/?f=json", TOTAL),
        ("/collections", TOTAL),
        (f"/collections/{COLLECTION}", TOTAL),
        (f"/collections/{COLLECTION}/items?limit=10", TOTAL),
        (f"/search?collections={COLLECTION}&limit=7", TOTAL),
        (f"/search?collections={COLLECTION}&datetime=2010-01-01T00:00:00Z/2014-12-30T23:59:59Z", TOTAL // 2),
        (f"/search?collections={COLLECTION}&bbox=10,10,20,20", 0),
    ],
)
def test_what_was_pasted_comes(pasted, items, servers, tmp_path):
    """The items are those that the URL names, and the run is complete."""
    server = servers()
    assert run(server.url + pasted, tmp_path / "out") == (0, items)
    assert json.loads((tmp_path / "out" / "certificate.json").read_text())["verdict"] == "complete"


def test_a_contradiction_is_a_wrong_setting(servers, tmp_path, capsys):
    """The exit code is 2, the message names both, and nothing is asked or written."""
    server = servers()
    source = f"{server.url}/search?collections={COLLECTION}&bbox=0,0,1,1"
    assert run(source, tmp_path / "out", "--bbox", "0,0,2,2") == (2, 0)
    said = capsys.readouterr().err
    assert "bbox: [0.0, 0.0, 2.0, 2.0] is given, and source says [0.0, 0.0, 1.0, 1.0]" in said
    assert server.stats().requests == 0
    assert not (tmp_path / "out").exists()


async def fetch(source, **settings):
    """Run the module; return the ids, the report, and the log of the failures."""
    module, context = IngestModule({"mode": "api", "source": source, "limit": 10, **settings}), WorkflowContext()
    ids = [item["id"] async for item in module.fetch(context)]
    report = completeness_report(
        module.config, "c", module.summary, PipelineResult(fetched=len(ids)), failures=len(context.failure_collector)
    )
    return ids, report


@pytest.mark.parametrize("name", ["subscription-key", "token", "sig"])
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_secret_parameter_goes_to_its_origin_alone(name, concurrency):
    """It is in every request to the origin of the source, in none to another one, and in no report."""
    secret = "a-secret%2Bvalue"
    seen = {"home": [], "away": []}

    def watched(where):
        class Watched(Api):
            async def answer(self, request, body):
                seen[where].append(request.path_qs)
                return await super().answer(request, {k: v for k, v in body.items() if k != name})

        return Watched(make_items(40), post=False, paging="offset")

    home, away = watched("home"), watched("away")
    async with away.serving() as elsewhere:

        def edit(page, body):
            if page["links"] and body.get("offset") == "10":
                page["links"] = [{"rel": "next", "href": f"{elsewhere}/search?offset=20&limit=10"}]
            return page

        home.edit = edit
        async with home.serving() as url:
            source = f"{url}/?{name}={secret}&lang=en&f=json"
            ids, report = await fetch(source, collection_id="c", concurrency=concurrency, worker_strategy="queue")
    assert sorted(ids) == ids_of(home.items)
    assert all(f"{name}={secret}" in path and "lang=en" in path and "f=json" not in path for path in seen["home"])
    assert not any(secret in path or "lang" in path for path in seen["away"])
    assert "secret" not in repr(report)
    assert f"{name}=%2A%2A%2A" in report.source


async def test_a_secret_parameter_is_masked_in_what_a_server_repeats():
    """An error that quotes the request doesn't bring the secret into a message."""
    api = Api(make_items(5), post=False, fault=lambda *_: web.Response(status=400, text="no: key=hunter2hunter2"))
    async with api.serving() as url:
        with pytest.raises(Exception, match=r"key=\*\*\*") as caught:
            await fetch(f"{url}?key=hunter2hunter2", collection_id="c")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "source", ["?token=hunter2", "/?subscription-key=hunter2", "/search?collections=c&sig=hunter2"]
)
def test_a_secret_parameter_on_the_command_line_is_refused(source, servers, tmp_path, capsys):
    """Others on the machine could see it; the message doesn't repeat it."""
    server = servers()
    assert run(server.url + source, tmp_path / "out") == (2, 0)
    said = capsys.readouterr().err
    assert "credentials" in said
    assert "hunter2" not in said


def test_a_secret_parameter_is_not_sent_in_the_clear():
    """Over plain http to another machine it isn't sent at all."""
    module = IngestModule({"mode": "api", "source": "http://example.org/?sig=hunter2", "collection_id": "c"})

    async def read():
        return [item async for item in module.fetch(WorkflowContext())]

    with pytest.raises(ConfigurationError, match=r"plain http.*sig"):
        asyncio.run(read())


class Listing(Api):
    """An API that lists so many collections."""

    def __init__(self, ids, *, more=False):
        super().__init__(make_items(20))
        self.listed = {"collections": [{"id": one} for one in ids], "links": [{"rel": "next"}] if more else []}

    async def answer(self, request, body):
        if request.path == "/collections":
            return web.json_response(self.listed)
        return await super().answer(request, body)


async def test_the_only_collection_need_not_be_named():
    """Where an API has one collection it is read, and a note says which."""
    api = Listing(["c"])
    async with api.serving() as url:
        ids, report = await fetch(url)
    assert ids == ids_of(api.items)
    assert "the API has one collection, 'c', which was read" in report.notes
