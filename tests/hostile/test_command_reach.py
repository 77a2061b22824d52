"""The command against servers that are secured, or after its secrets."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
import sys

import pytest

from ingest_bench.simulator.in_process import serving
from stac_ingest.cli.main import main

TOKEN = "a-token-that-nobody-may-see"
COMPLETE, BAD_SETTINGS, BAD_DATA = 0, 2, 3


async def ingest(source, output, *options, **environment):
    """Run the command; give its exit code and what it said."""
    command = [sys.executable, "-m", "stac_ingest", source, "--collection", "things", "--to", "ndjson"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--output", str(output)),
        *options,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said = b"".join(await process.communicate()).decode()
    assert "Traceback" not in said
    return process.returncode, said


def written(output):
    """Everything that a run left behind."""
    return b"\n".join(path.read_bytes() for path in output.rglob("*") if path.is_file())


async def test_a_token_is_sent_and_nowhere_shown(store, tmp_path):
    """A server that repeats the token in its errors doesn't get it into the output, the checkpoint or the messages."""
    headers = tmp_path / "headers"
    headers.write_text("X-Api-Key: another secret of ours\n")
    output = tmp_path / "out"
    async with serving(store, ["echo-headers"]) as server:
        code, said = await ingest(server.url, output, "--headers-file", str(headers), STAC_INGEST_TOKEN=TOKEN)
    assert all(asked.headers["Authorization"] == f"Bearer {TOKEN}" for asked in server.received)
    assert all(asked.headers["X-Api-Key"] == "another secret of ours" for asked in server.received)
    assert code == BAD_DATA
    assert "Authorization: ***" in said
    assert (output / "certificate.json").exists()
    for secret in (TOKEN, "another secret of ours"):
        assert secret not in said
        assert secret.encode() not in written(output)


@pytest.mark.parametrize(
    "line", ["{}", "HTTP/1.1 {} OK", "HTTP/1.1 200 OK\r\nBad {}", "HTTP/1.1 302 Found\r\nLocation: http://{}@10.0.0.1/"]
)
async def test_what_breaks_the_protocol_tells_nothing(line, tmp_path):
    """A server that repeats the token where no HTTP is, or in a link that is refused, doesn't get it into a message."""

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        token = next(row for row in head.split(b"\r\n") if row.startswith(b"Authorization")).split()[-1]
        writer.write(line.encode().replace(b"{}", token) + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    output = tmp_path / "out"
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        source = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        code, said = await ingest(source, output, STAC_INGEST_TOKEN=TOKEN)
    assert code == BAD_DATA
    assert TOKEN not in said
    assert TOKEN.encode() not in written(output)


async def test_credentials_on_the_command_line_are_refused(store, tmp_path):
    """The message says where to put them instead, doesn't repeat them, and nothing is asked."""
    async with serving(store) as server:
        source = server.url.replace("http://", "http://user:hunter2hunter2@")
        code, said = await ingest(source, tmp_path / "out")
        assert server.received == []
    assert code == BAD_SETTINGS
    assert "STAC_INGEST_TOKEN" in said
    assert "hunter2" not in said


async def test_a_file_that_is_no_file_of_headers(store, tmp_path):
    """A wrong file of headers is a wrong setting: nothing is asked, and the file's content stays in it."""
    wrong = tmp_path / "headers"
    wrong.write_text(TOKEN)
    async with serving(store) as server:
        code, said = await ingest(server.url, tmp_path / "out", "--headers-file", str(wrong))
        assert server.received == []
    assert code == BAD_SETTINGS
    assert "headers_file: line 1" in said
    assert TOKEN not in said


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Make a certificate authority that nobody knows, and a certificate of it for 127.0.0.1."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("authority")

    def run(*arguments):
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    # From 3.13 on, Python wants an authority's certificate to say that it signs others.
    signs = ("-addext", "keyUsage=critical,keyCertSign")
    run(*new, "-subj", "/CN=test authority", *signs, "-keyout", "ca.key", "-out", "ca.pem")
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE")
    run(
        *new,
        "-subj",
        "/CN=server",
        *names,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    )
    return folder


@pytest.fixture
def tls(authority):
    """Give the server its certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    return context


async def test_a_certificate_of_an_unknown_authority_is_refused(store, tls, tmp_path):
    """TLS is verified: without trust in its authority the server gets no request, and no token."""
    async with serving(store, tls=tls) as server:
        code, said = await ingest(server.url, tmp_path / "out", STAC_INGEST_TOKEN=TOKEN)
        assert server.received == []
    assert code == BAD_DATA
    assert "certificate verify failed" in said


async def test_a_known_authority_is_trusted_and_https_is_kept(store, tls, authority, tmp_path):
    """With the authority known all items come over TLS, though every `next` is written with plain http."""
    known = str(authority / "ca.pem")
    async with serving(store, ["next-plain-http"], tls=tls) as server:
        code, said = await ingest(server.url, tmp_path / "out", SSL_CERT_FILE=known, STAC_INGEST_TOKEN=TOKEN)
    assert server.applied > 0
    assert code == COMPLETE, said
    assert "240 written" in said
    assert all(asked.headers["Authorization"] == f"Bearer {TOKEN}" for asked in server.received)


async def test_a_certificate_for_another_host_is_refused(store, tls, authority, tmp_path):
    """The certificate must be for the host that is asked."""
    async with serving(store, tls=tls) as server:
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        code, said = await ingest(elsewhere, tmp_path / "out", SSL_CERT_FILE=str(authority / "ca.pem"))
        assert server.received == []
    assert code == BAD_DATA
    assert "certificate" in said


def test_strangers_are_asked_after_the_budget_was_shown(stac_server, things, tmp_path, monkeypatch, capsys):
    """Without the opt-in nothing is asked; with it the budget is the first thing said, and kept to the last request."""
    for module in ("cli.run", "cli.settings"):
        monkeypatch.setattr(f"stac_ingest.{module}.is_loopback", lambda _: False)
    server = stac_server(corpus=things)
    command = [server.url, "--collection", "things", "--to", "ndjson", "--output", str(tmp_path), "--limit", "10"]
    assert main(command) == BAD_SETTINGS
    assert "--allow-remote" in capsys.readouterr().err
    assert server.stats().requests == 0
    assert main([*command, "--allow-remote", "--max-requests", "5", "--requests-per-second", "500"]) == BAD_DATA
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "budget for 127.0.0.1: at most 5 requests, 500.0 a second, 2 at once"
    assert server.stats().requests == 5
    assert "the budget of 5 requests is spent" in said[-1]
