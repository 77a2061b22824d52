"""`stac-api-validator` without a network; run by the Python of the environment that has it.

It asks for JSON schemas by `requests`, `urllib` and pystac, over and over. The core schemas of STAC and GeoJSON are
given from those that pystac ships; instead of those of extensions, which nobody ships, one that allows everything.
Whatever else isn't on loopback is refused. Both are listed at the end, as a line of JSON.
"""

import io
import json
import socket
import sys
import urllib.error
import urllib.request
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pystac.stac_io
import pystac.validation
import requests

SCHEMAS = Path(pystac.validation.__file__).with_name("jsonschemas")
VERSION = "v1.1.0"
EXTENSIONS = "stac-extensions.github.io"
without = {"schemas": set(), "addresses": set()}
"""What was asked for and couldn't be had."""


def schema(url):
    """Give the schema that an address stands for; None: there is none here."""
    parts = urlsplit(url)
    if parts.netloc == EXTENSIONS:
        name = url.split("#")[0]
        without["schemas"].add(name)
        return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "$id": f"{name}#"}).encode()
    if parts.netloc == "schemas.stacspec.org" and parts.path.startswith(f"/{VERSION}/"):
        path = SCHEMAS / "stac-spec" / VERSION / Path(parts.path).name
    elif parts.netloc == "geojson.org":
        path = SCHEMAS / "geojson" / Path(parts.path).name
    else:
        return None
    return path.read_bytes() if path.is_file() else None


def is_loopback(url):
    return urlsplit(url).hostname == "127.0.0.1"


def refuse(url):
    without["addresses"].add(url)
    return f"refused, as there is no network: {url}"


class Offline(requests.adapters.HTTPAdapter):
    """Answers for hosts other than loopback."""

    def send(self, request, **options):
        if is_loopback(request.url):
            return super().send(request, **options)
        content = schema(request.url)
        if content is None:
            raise requests.ConnectionError(refuse(request.url))
        response = requests.Response()
        response.status_code, response.raw, response.url = 200, io.BytesIO(content), request.url
        return response


class OfflineStacIO(pystac.stac_io.DefaultStacIO):
    """The same for pystac."""

    def read_text_from_href(self, href):
        content = None if is_loopback(href) else schema(href)
        return super().read_text_from_href(href) if content is None else content.decode()


class OfflineHandler(urllib.request.BaseHandler):
    """The same for `urllib`."""

    handler_order = 1

    def https_open(self, request):
        if is_loopback(request.full_url):
            return None
        content = schema(request.full_url)
        if content is None:
            raise urllib.error.URLError(refuse(request.full_url))
        return urllib.response.addinfourl(io.BytesIO(content), {}, request.full_url, 200)

    http_open = https_open


def lookup(host, *others, find=socket.getaddrinfo, **more):
    """Find loopback only, whoever asks by whatever way."""
    if host == "127.0.0.1":
        return find(host, *others, **more)
    raise socket.gaierror(refuse(str(host)))


def main():
    socket.getaddrinfo = lookup
    pystac.StacIO.set_default(OfflineStacIO)
    requests.sessions.HTTPAdapter = Offline
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({}), OfflineHandler()))
    try:
        import_module("stac_api_validator.__main__").main()
    finally:
        sys.stdout.write(json.dumps({name: sorted(urls) for name, urls in without.items()}) + "\n")


if __name__ == "__main__":
    main()
