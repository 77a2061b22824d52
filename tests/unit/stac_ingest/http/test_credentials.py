"""Where requests may go, and what they carry there."""

from __future__ import annotations

import ipaddress
import socket
from itertools import product

import pytest
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest_bench.config.models import Corpus
from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError, LinkRefused
from stac_ingest.http.credentials import Credentials, read_credentials
from stac_ingest.http.resolver import GuardedResolver
from stac_ingest.http.urls import network_scope, resolve

ROOT = "https://stac.example.com/v1"
HOSTS = {
    "this machine": ["127.0.0.1", "127.9.9.9", "localhost", "api.localhost", "0.0.0.0", "::1", "localhost."],
    "the local link": ["169.254.10.20", "fe80::1", "224.0.0.1", "ff02::1"],
    "a private network": ["10.0.0.1", "192.168.1.1", "172.16.0.1", "fd00::1", "100.64.0.1", "fec0::1"],
    "the internet": ["8.8.8.8", "2001:4860:4860::8888"],
}


def notations(address):
    """Write an IPv4 address in the ways of inet_aton(3), and in the IPv6 addresses that carry one."""
    number = int(ipaddress.IPv4Address(address))
    first, rest = divmod(number, 2**24)
    carriers = ("::ffff:0:0", "64:ff9b::", "::ffff:0:0:0")
    return [
        f"{address}.",
        str(number),
        hex(number),
        *(f"{lead}.{rest}" for lead in (first, hex(first), f"0{first:o}")),
        *(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(net)) + number)) for net in carriers),
        str(ipaddress.IPv6Address((0x2002 << 112) + (number << 80))),
    ]


@given(st.ip_addresses(v=4).map(str) | st.sampled_from(["127.0.0.1", "10.0.0.1", "169.254.10.20", "8.8.8.8"]))
def test_an_address_is_in_its_network_however_it_is_written(address):
    """Short, as one number, in another base, or wrapped into IPv6, it is where the system would connect to."""
    assert {network_scope(written) for written in notations(address)} == {network_scope(address)}


@pytest.mark.parametrize(("host", "expected"), [(host, name) for name, hosts in HOSTS.items() for host in hosts])
def test_network_scopes(host, expected):
    """An address is in the network that it is of."""
    assert network_scope(host) == expected


def test_a_name_has_no_network_scope_of_its_own():
    """What a name stands for is for the resolver to say."""
    assert network_scope("stac.example.com") is None
    assert network_scope("127.0.0.1.example.com") is None
    assert network_scope("0xfeed.example.com") is None


def url(host):
    return f"http://[{host}]/s" if ":" in host else f"http://{host}/s"


@pytest.mark.parametrize(("here", "there"), [(a, b) for a, b in product(HOSTS, HOSTS) if a != b])
def test_links_stay_in_their_network_scope(here, there):
    """No link crosses between this machine, the local link, a private network and the internet."""
    for source, target in product(HOSTS[here], HOSTS[there]):
        with pytest.raises(LinkRefused, match=f"from {here} to {there}"):
            resolve(url(target), url(source))


@pytest.mark.parametrize("name", HOSTS)
def test_links_within_a_network_scope_are_followed(name):
    """A source on this machine, or on a private network, may spread over several addresses of it."""
    for source, target in product(HOSTS[name], HOSTS[name]):
        assert resolve(url(target), url(source)).startswith(("http://", "https://"))


class Book(AbstractResolver):
    """A resolver that reads from a book."""

    def __init__(self, **entries):
        self.entries = entries

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        return [
            {"hostname": host, "host": a, "port": port, "family": 2, "proto": 0, "flags": 0} for a in self.entries[host]
        ]

    async def close(self):
        self.entries = {}


async def test_names_are_judged_by_their_addresses():
    """A name that stands for an internal address is refused, unless the source itself is in that network."""
    book = Book(source=["8.8.8.8"], other=["8.8.4.4"], inside=["10.0.0.1"], mixed=["127.0.0.1", "8.8.8.8"])
    guarded = GuardedResolver(book, "source")
    for host, kept in (("source", ["8.8.8.8"]), ("other", ["8.8.4.4"]), ("mixed", ["8.8.8.8"])):
        assert [found["host"] for found in await guarded.resolve(host)] == kept
    with pytest.raises(LinkRefused, match="inside has an address of a private network"):
        await guarded.resolve("inside")
    private = GuardedResolver(Book(source=["10.0.0.2"], inside=["10.0.0.1"], link=["169.254.10.20"]), "source")
    await private.resolve("source")
    assert [found["host"] for found in await private.resolve("inside")] == ["10.0.0.1"]
    with pytest.raises(LinkRefused):
        await private.resolve("link")


async def test_a_source_that_moves_is_not_followed():
    """A name that stood for a public address can't be turned upon this machine later; a new public one is fine."""
    book = Book(source=["8.8.8.8"])
    guarded = GuardedResolver(book, "source")
    await guarded.resolve("source")
    book.entries["source"] = ["127.0.0.1"]
    with pytest.raises(LinkRefused, match="source has an address of this machine"):
        await guarded.resolve("source")
    book.entries["source"] = ["10.0.0.1", "8.8.4.4"]
    assert [found["host"] for found in await guarded.resolve("source")] == ["8.8.4.4"]


async def test_a_source_by_address_allows_names_of_its_network():
    """An address that was written out isn't looked up, and still says where the source is."""
    guarded = GuardedResolver(Book(near=["127.0.0.2"], far=["8.8.8.8"]), "127.0.0.1")
    assert [found["host"] for found in await guarded.resolve("near")] == ["127.0.0.2"]
    with pytest.raises(LinkRefused):
        await guarded.resolve("far")


def config(source=ROOT, **settings):
    return IngestConfig(mode="api", source=source, **settings)


def test_credentials_come_from_the_environment_and_a_file(tmp_path, monkeypatch):
    """A token and headers are joined, those of the file first in rank, and the URL is cleaned of its own."""
    file = tmp_path / "headers"
    file.write_text("# of example.com\n\nX-Api-Key: a secret key \n")
    monkeypatch.setenv("STAC_INGEST_TOKEN", "token-of-mine")
    root, found = read_credentials(config("https://user:pass@stac.example.com/v1", headers_file=str(file)))
    assert root == ROOT
    assert found.headers(f"{ROOT}/search", {}) == {"Authorization": "Bearer token-of-mine", "X-Api-Key": "a secret key"}
    monkeypatch.delenv("STAC_INGEST_TOKEN")
    assert read_credentials(config())[1].headers(ROOT, {}) == {}


@pytest.mark.parametrize(
    "other",
    [
        "http://stac.example.com/v1",
        "https://stac.example.com:444/v1",
        "https://example.com/",
        "https://evil.org/?stac.example.com",
    ],
)
def test_credentials_stay_at_their_origin(other):
    """Another scheme, port or host gets the request's own headers alone."""
    found = Credentials(ROOT, {"Authorization": "Bearer secret"})
    assert found.headers(other, {"X": "1"}) == {"X": "1"}


def test_a_password_is_masked_in_clear_too():
    """A server that tells the password of Basic authorization back doesn't get it into a message."""
    _, found = read_credentials(config("https://user:hunter2hunter2@stac.example.com/v1"))
    assert found.masked(b"no hunter2hunter2 for user:hunter2hunter2") == b"no *** for ***"
    assert Credentials(ROOT, {"Authorization": "Basic not:base64"}).masked(b"x") == b"x"


def test_a_links_own_header_stands():
    """A header that the server's link names is not sent twice, whatever its case."""
    found = Credentials(ROOT, {"Authorization": "Bearer secret"})
    assert found.headers(ROOT, {"authorization": "Cursor 7"}) == {"authorization": "Cursor 7"}


def test_secrets_are_masked():
    """A body that repeats a secret, with or without its scheme, loses it; short words of data stay."""
    found = Credentials(ROOT, {"Authorization": "Bearer abcdefgh12", "X-Short": "abc"})
    assert found.masked(b'{"sent":"Bearer abcdefgh12","and":"abcdefgh12"}') == b'{"sent":"***","and":"***"}'
    assert found.masked(b"abc") == b"abc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("secret-without-a-name", "line 1"),
        ("A: b\nHost: evil", "line 2"),
        ("X: \x01", "line 1"),
        ("X: " + "y" * 70_000, "more than"),
    ],
)
def test_a_file_that_holds_no_headers(tmp_path, text, message):
    """The line is named by its number: what it says may be the secret."""
    file = tmp_path / "headers"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_credentials(config(headers_file=str(file)))
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_credentials(config(headers_file=str(tmp_path / "none")))


def test_credentials_are_not_sent_in_the_clear(monkeypatch):
    """Plain http to another machine is refused when there is a secret to lose; to this machine it isn't."""
    monkeypatch.setenv("STAC_INGEST_TOKEN", "token-of-mine")
    with pytest.raises(ConfigurationError, match="plain http") as caught:
        read_credentials(config("http://stac.example.com"))
    assert "token-of-mine" not in str(caught.value)
    read_credentials(config("http://127.0.0.1:80"))


@pytest.mark.parametrize("url", ["https://u:p@h.org/", "https://h.org/?a=1&api_key=x", "https://h.org/?SIG=x"])
def test_a_configuration_may_not_hold_credentials(url):
    """Results repeat the configuration, so a corpus whose URL holds a secret is refused, and told where to put it."""
    with pytest.raises(ValidationError, match="put them into STAC_INGEST_TOKEN"):
        Corpus(kind="api", url=url, collection="c")
    assert Corpus(kind="api", url="https://h.org/v1?", collection="c").url == "https://h.org/v1?"
