"""A small server of objects on loopback: what of S3 a reader needs, and plain files; it counts what it is asked."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Objects:
    """What the server holds, and what it was asked for."""

    held: dict[str, bytes] = field(default_factory=dict)
    """By path, which begins with the bucket."""
    url: str = ""
    page: int = 1000
    think_s: float = 0.0
    """Seconds that a GET of an object takes."""
    ranges: bool = True
    etags: bool = True
    modified: str = "Sat, 28 Nov 2026 00:00:00 GMT"
    redirects: dict[str, str] = field(default_factory=dict)
    lists: int = 0
    gets: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    """Bytes of objects."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Paths of objects, and the range of each request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    on_get: object = None
    """Called with the path before an object is sent."""

    def forget(self) -> None:
        """Count anew."""
        self.lists = self.sent = self.most_in_flight = 0
        self.gets, self.asked, self.headers = Counter(), [], []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one segment: else a client's delayed acknowledgement costs 40 ms
    objects: Objects

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self._answer(with_body=False)

    def do_GET(self) -> None:
        """Answer with an object, or a listing."""
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        parts = urlsplit(self.path)
        objects, path, query = self.objects, unquote(parts.path).lstrip("/"), parse_qs(parts.query)
        if "list-type" in query:
            self._list(path.rstrip("/"), query)
            return
        with objects.lock:
            objects.in_flight += 1
            objects.most_in_flight = max(objects.most_in_flight, objects.in_flight)
            objects.headers.append(dict(self.headers))
            if with_body:
                objects.gets[path] += 1
                objects.asked.append((path, self.headers.get("Range")))
        try:
            time.sleep(objects.think_s if with_body else 0)
            if with_body and callable(objects.on_get):
                objects.on_get(path)
            self._object(path, with_body=with_body)
        finally:
            with objects.lock:
                objects.in_flight -= 1

    def _object(self, path: str, *, with_body: bool) -> None:
        objects = self.objects
        if path in objects.redirects:
            self._send(302, b"", Location=objects.redirects[path])
            return
        data = objects.held.get(path)
        if data is None:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        tag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        headers = {"ETag": tag} if objects.etags else {}
        if objects.etags and self.headers.get("If-Match", tag) != tag:
            self._send(412, b"")
            return
        if objects.etags and self.headers.get("If-None-Match") == tag:
            self._send(304, b"", with_body=False, **headers)
            return
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if objects.ranges else None
        status = 200
        if found:
            start, stop = int(found[1]), min(int(found[2] or len(data)) + 1, len(data))
            if start >= len(data):
                self._send(416, b"")
                return
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
            data, status = data[start:stop], 206
        self._send(status, data, with_body=with_body, **headers)
        if with_body:
            with objects.lock:
                objects.sent += len(data)

    def _list(self, bucket: str, query: dict[str, list[str]]) -> None:
        objects = self.objects
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", query.get("start-after", [""]))[0]
        start = f"{bucket}/"
        keys = sorted(path.removeprefix(start) for path in objects.held if path.startswith(f"{start}{prefix}"))
        keys = [key for key in keys if key > after]
        folders: list[str] = []
        if delimiter := query.get("delimiter", [""])[0]:
            inside = {key: key[len(prefix) :].partition(delimiter) for key in keys}
            folders = sorted({f"{prefix}{name}{slash}" for name, slash, _ in inside.values() if slash})
            keys = [key for key in keys if not inside[key][1]]
        page, rest = keys[: objects.page], keys[objects.page :]
        each = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(objects.held[start + key])}</Size>"
            f'<ETag>"{hashlib.md5(objects.held[start + key], usedforsecurity=False).hexdigest()}"</ETag>'
            "<LastModified>2026-11-28T00:00:00.000Z</LastModified></Contents>"
            for key in page
        )
        each += "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in folders)
        more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        with objects.lock:
            objects.lists += 1
        self._send(200, f"<ListBucketResult>{each}{more}</ListBucketResult>".encode())

    def _send(self, status: int, data: bytes, *, with_body: bool = True, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Last-Modified", self.objects.modified)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *arguments: object) -> None:
        """Say nothing of a client that has gone."""


@contextmanager
def served(**settings):
    """Serve objects; give what is held and counted."""
    objects = Objects(**settings)
    handler = type("Handler", (_Handler,), {"objects": objects})
    with _Server(("127.0.0.1", 0), handler) as server:
        objects.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield objects
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def served_as_s3(monkeypatch):
    """Serve objects for the length of a block, with an environment that leads to them and to no other store."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with served() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.url)
        yield found
