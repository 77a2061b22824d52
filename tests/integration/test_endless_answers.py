"""Answers that are larger than allowed, or that aren't HTTP, by a server of a few lines."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import zlib
from contextlib import asynccontextmanager

import pytest

LIMIT_MB = 8
MB = 2**20
LARGE = 64 * MB
"""What an answer would be: far more than is allowed, and no more than any machine can take."""
SOCKETS = 16 * MB
"""What the system may hold between the two ends of a connection."""
IMPORTS_MB = 110
"""What a client takes without any page, with room to spare."""
GZIP = "Content-Encoding: gzip\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"

CLIENT = f"""
import asyncio, json, sys
from pathlib import Path
from stac_ingest import IngestModule, WorkflowContext

settings = {{"mode": "api", "source": sys.argv[1], "collection_id": "c", "limit": 1, "retry": "none"}}
settings |= {{"max_response_mib": {LIMIT_MB}, "timeout": float(sys.argv[3]), "concurrency": int(sys.argv[2])}}


async def main():
    module, error = IngestModule(settings), None
    try:
        async for _ in module.fetch(WorkflowContext()):
            pass
    except Exception as caught:
        error = caught
    # Not `ru_maxrss`, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps([type(error).__name__, str(error), module.summary.bytes_read, peak]))


asyncio.run(main())
"""


def blocks(begin, fill):
    """Give a large page: how it begins, then the same again and again."""
    yield begin
    for _ in range(LARGE // len(fill)):
        yield fill


def gzipped(parts):
    packer = zlib.compressobj(wbits=31)
    for part in parts:
        if packed := packer.compress(part):
            yield packed


def chunked(parts):
    for part in parts:
        yield b"%x\r\n%b\r\n" % (len(part), part)


class Large:
    """Answers a landing page and a collection, and searches as it was told; counts the bytes that left."""

    def __init__(self, head, make):
        self.head, self.make = head, make
        self.sent = self.searches = 0

    @asynccontextmanager
    async def serving(self):
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self.url

    async def handle(self, reader, writer):
        try:
            while line := await reader.readline():
                path = line.split()[1]
                length = 0
                while (header := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                await reader.readexactly(length)
                if path == b"/search":
                    await self.answer(writer)
                    return
                links = [{"rel": "search", "href": f"{self.url}/search", "method": "POST"}]
                body = json.dumps({"id": "c", "links": links}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def answer(self, writer):
        self.searches += 1
        writer.write(self.head.encode() + b"\r\n")
        for part in self.make():
            writer.write(part)
            await writer.drain()
            self.sent += len(part)


async def run(server, concurrency=1, seconds=120.0):
    """Ask once in a process of its own; give the error, what it says, the bytes read, and the most memory in MB."""
    async with server.serving() as url:
        command = [sys.executable, "-c", CLIENT, url, str(concurrency), str(seconds)]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        said, _ = await process.communicate()
    return json.loads(said)


BEGIN, FILL = b'{"type":"FeatureCollection","features":[', b'{"id":"a"},' * 6_000
HTTP = "HTTP/1.1 200 OK\r\n"
PAGES = {
    "of a length": (f"{HTTP}Content-Length: {LARGE}\r\n", lambda: blocks(BEGIN, FILL)),
    "in chunks": (HTTP + CHUNKED, lambda: chunked(blocks(BEGIN, FILL))),
    "until the connection ends": (HTTP, lambda: blocks(BEGIN, FILL)),
    "gzipped": (f"{HTTP}{GZIP}{CHUNKED}", lambda: chunked(gzipped(blocks(BEGIN, FILL)))),
    "an error message": (f"HTTP/1.1 400 Bad Request\r\n{CHUNKED}", lambda: chunked(blocks(BEGIN, FILL))),
}


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_read_up_to_the_bound(name):
    """However large a page is, packed or not, no more than `max_response_mib` is read, and memory stays as small."""
    server = Large(*PAGES[name])
    error, said, taken, peak = await run(server)
    assert error == "ResponseTooLarge"
    assert "max_response_mib" in said
    assert server.searches == 1
    assert LIMIT_MB * MB < taken < (LIMIT_MB + 4) * MB
    assert server.sent < taken + SOCKETS
    assert peak < IMPORTS_MB + 3 * LIMIT_MB


async def test_many_at_once_are_bounded_each():
    """Twenty such pages at once take twenty times the bound at most."""
    server = Large(*PAGES["in chunks"])
    _, _, taken, peak = await run(server, concurrency=20)
    assert taken < server.searches * (LIMIT_MB + 4) * MB
    assert peak < IMPORTS_MB + 20 * 3 * LIMIT_MB


@pytest.mark.parametrize(
    ("begin", "part"),
    [
        (b"", b"X-More: and more\r\n"),
        (b"X-Long: ", b"x" * 10_000),
        (b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["headers", "one header", "provisional answers"],
)
async def test_what_comes_before_a_page_is_bounded(begin, part):
    """Headers of any size are no reason to fill the memory, or to wait longer than for a page."""
    status = "100 Continue" if begin == b"\r\n" else "200 OK"
    server = Large(f"HTTP/1.1 {status}", lambda: blocks(begin, part * 100))
    error, _, _, peak = await run(server, seconds=3.0)
    assert error == "ResponseError"
    assert peak < IMPORTS_MB + 3 * LIMIT_MB
