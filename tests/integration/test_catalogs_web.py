"""Static catalogs on web servers: what they are asked, how much at once, and what is not followed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from blockbuster import blockbuster_ctx
from catalog_bed import Documents, Server, catalog, item, link, read, tree

from stac_ingest.cli.main import BAD_SETTINGS, main


async def command(*arguments: str) -> tuple[int, str]:
    """Run the command in a process, and return its exit code and what it said."""
    process = await _started(*arguments)
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


async def _started(*arguments: str) -> asyncio.subprocess.Process:
    program = [sys.executable, "-m", "stac_ingest", *arguments]
    return await asyncio.create_subprocess_exec(*program, stderr=asyncio.subprocess.PIPE)


@pytest.mark.parametrize("concurrency", [1, 3, "auto"])
async def test_each_document_is_asked_for_once(concurrency: Any) -> None:
    """A walk sends one request for each document, at most `concurrency` at once, and blocks no event loop."""
    documents = tree(20, 3)
    async with Server(documents, think=0.01).serving() as server:
        with blockbuster_ctx("stac_ingest"):
            run = await read(f"{server.url}/catalog.json", concurrency=concurrency)
        assert len(run.items) == 60
        assert {one["id"]: one for one in run.items} == {
            one["id"]: one for one in documents.values() if one["type"] == "Feature"
        }
        assert set(server.asked.values()) == {1}
        assert len(server.asked) == len(documents)
        assert server.peak == (concurrency if isinstance(concurrency, int) else max(server.peak, 8))


async def test_a_wide_catalog_of_single_items_keeps_all_places_busy() -> None:
    """Where each collection has one item, items and further collections are asked for side by side."""
    async with Server(tree(60, 1), think=0.05).serving() as server:
        run = await read(f"{server.url}/catalog.json", concurrency=20)
        assert len(run.items) == 60
        assert server.peak == 20
        assert run.summary.in_flight_peak == 20


async def test_a_broken_link_costs_itself_alone() -> None:
    """A link that a server refuses is a failure of its URL, be it missing, forbidden or no JSON."""
    documents = tree(2, 2)
    hrefs = ["none.json", "forbidden.json", "page.json", "ftp://127.0.0.1/x.json", "file:///etc/hosts", "http://[/x"]
    documents["catalog.json"]["links"] += [link("item", href) for href in hrefs]
    documents["page.json"] = "<html>"
    server = Server(documents)
    server.answer = lambda name: web.Response(status=403) if name == "forbidden.json" else None
    async with server.serving():
        run = await read(f"{server.url}/catalog.json", retry="none")
    assert run.ids == ["c0-0", "c0-1", "c1-0", "c1-1"]
    assert set(run.failures) == {f"{server.url}/{name}" for name in ("catalog.json", *hrefs[:3])}
    assert "404" in run.failures[f"{server.url}/none.json"]
    assert "403" in run.failures[f"{server.url}/forbidden.json"]
    assert run.summary.unread == 0


async def test_redirects_lead_on() -> None:
    """Relative links lead from where a redirect has led to."""
    documents = {"catalog.json": catalog("r", link("child", "old/catalog.json")), "new/i.json": item("i")}
    documents["new/catalog.json"] = catalog("n", link("item", "i.json"))
    server = Server(documents)
    server.answer = lambda name: _moved("/new/catalog.json") if name == "old/catalog.json" else None
    async with server.serving():
        run = await read(f"{server.url}/catalog.json", hrefs="absolute")
    assert run.ids == ["i"]
    assert run.items[0]["links"][0]["href"] == f"{server.url}/new/i.json"


def _moved(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


async def test_credentials_stay_with_their_server(tmp_path: Path) -> None:
    """Items on another server are read, and it is sent no credentials."""
    headers = tmp_path / "headers"
    headers.write_text("Authorization: Bearer of-the-first\n")
    async with Server({"i.json": item("i")}).serving() as other:
        documents = {"catalog.json": catalog("r", link("item", f"{other.url}/i.json"), link("item", "j.json"))}
        async with Server(documents | {"j.json": item("j")}).serving() as server:
            run = await read(f"{server.url}/catalog.json", headers_file=str(headers))
    assert run.ids == ["i", "j"]
    assert server.headers["j.json"]["Authorization"] == "Bearer of-the-first"
    assert "Authorization" not in other.headers["i.json"]


async def test_links_out_of_this_machine_are_refused() -> None:
    """A catalog on this machine leads to no server elsewhere."""
    documents = {"catalog.json": catalog("r", link("item", "http://192.0.2.1/i.json"), link("item", "j.json"))}
    async with Server(documents | {"j.json": item("j")}).serving() as server:
        run = await read(f"{server.url}/catalog.json")
    assert run.ids == ["j"]
    assert "not followed" in run.failures[f"{server.url}/catalog.json"]


async def test_a_copy_of_a_published_catalog_is_read_where_it_is() -> None:
    """Absolute links to the place of publication lead to the documents beside the copy."""
    there = "https://example.com/stac"
    documents: Documents = {
        "copy/catalog.json": catalog(
            "r", link("self", f"{there}/catalog.json"), link("child", f"{there}/c/catalog.json")
        ),
        "copy/c/catalog.json": catalog("c", link("self", f"{there}/c/catalog.json"), link("item", f"{there}/i.json")),
        "copy/i.json": item("i"),
    }
    async with Server(documents).serving() as server:
        run = await read(f"{server.url}/copy/catalog.json")
    assert run.ids == ["i"]


async def test_large_documents_are_refused() -> None:
    """A document beyond `max_response_mib` is a failure, and not held."""
    documents = tree(1, 1) | {"big.json": json.dumps(item("big", pad="x" * (1 << 20)))}
    documents["catalog.json"]["links"].append(link("item", "big.json"))
    async with Server(documents).serving() as server:
        run = await read(f"{server.url}/catalog.json", max_response_mib=1)
    assert run.ids == ["c0-0"]
    assert "max_response_mib" in run.failures[f"{server.url}/big.json"]


async def test_the_budget_ends_a_walk(tmp_path: Path) -> None:
    """No more requests are sent than the budget has; the run isn't complete then."""
    async with Server(tree(5, 5)).serving() as server:
        code, said = await command(
            f"{server.url}/catalog.json", "--to", "ndjson", "--output", str(tmp_path), "--max-requests", "10"
        )
        assert code == 3
        assert sum(server.asked.values()) == 10
    assert "the budget of 10 requests is spent" in said
    assert json.loads((tmp_path / "certificate.json").read_text())["verdict"] == "truncated"


async def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """After a kill, a run asks for no item again that was written and noted, and the output has each item once."""
    documents = tree(15, 20)
    arguments = ["--to", "ndjson", "--output", str(tmp_path), "--concurrency", "4"]
    server = Server(documents, think=0.001)
    async with server.serving():
        source = f"{server.url}/catalog.json"
        # The output writes some megabytes at a time, so that items are large.
        for name, document in documents.items():
            if document["type"] == "Feature":
                documents[name] = {**document, "pad": "x" * 40_000}
        process = await _started(source, *arguments)
        while not _noted(tmp_path):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        noted = _noted(tmp_path)
        first, server.asked = server.asked, type(server.asked)()
        assert len(first) < len(documents)
        code, said = await command(source, *arguments, "--resume")
    assert code == 0, said
    lines = (tmp_path / "items.ndjson").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == sorted(f"c{c}-{n}" for c in range(15) for n in range(20))
    assert sum(name.count("/") == 2 for name in server.asked) == 300 - noted
    certificate = json.loads((tmp_path / "certificate.json").read_text())
    assert certificate["verdict"] == "complete"
    assert certificate["items"] == 300


def _noted(folder: Path) -> int:
    """How many links a run has noted as read."""
    found = list(folder.glob(".checkpoints/ndjson/*.positions"))
    lines = found[0].read_bytes().split(b"\n")[1:-1] if found else []
    return sum(len(one["links"]) // 16 for line in lines for one in json.loads(line))


def test_servers_elsewhere_have_to_be_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A catalog on another machine is asked for only where the user says so, and without credentials in its URL."""
    arguments = ["--to", "ndjson", "--output", str(tmp_path / "out")]
    assert main(["https://192.0.2.1/catalog.json", *arguments]) == BAD_SETTINGS
    assert "--allow-remote" in capsys.readouterr().err
    assert main(["https://me:secret@192.0.2.1/catalog.json", *arguments]) == BAD_SETTINGS
    assert "secret" not in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
