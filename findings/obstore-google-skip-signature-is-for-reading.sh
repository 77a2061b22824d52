#!/usr/bin/env bash
# obstore 0.12.1, `GCSStore` with `skip_signature=True`, against a server on loopback and a metadata server beside it.
#
# Guess: no request is signed, as with `S3Store`, so that an emulator without credentials can be written to.
# Seen: `get`, `head` and `copy` go without a token. `put` and `delete` ask the metadata server of the machine for one
# first. Where there is no such server, both fail, though the store could be read. `S3Store` leaves the signature out of
# all of them.
#
# Output seen:
#   google get: no token
#   google head: no token
#   google copy: no token
#   google put: asks for a token, sends it
#   google delete: sends a token
#   s3 get: no token
#   s3 head: no token
#   s3 copy: no token
#   s3 put: no token
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'obstore==0.12.1'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

asked = []


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked.append((self.server.name, "Authorization" in self.headers))
        is_token = self.server.name == "metadata"
        body = b'{"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}' if is_token else b"<a><ETag>e</ETag></a>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"e"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


def address(name):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


store = f"http://{address('store')}"
os.environ["GCE_METADATA_HOST"] = address("metadata")

import obstore
from obstore.store import GCSStore, S3Store

plain = {"client_options": {"allow_http": True}}
stores = {
    "google": GCSStore("bucket", config={"skip_signature": True, "base_url": store}, **plain),
    "s3": S3Store("bucket", config={"skip_signature": True, "endpoint": store, "region": "us-east-1"}, **plain),
}
calls = {
    "get": lambda one: obstore.get(one, "a").bytes(),
    "head": lambda one: obstore.head(one, "a"),
    "copy": lambda one: obstore.copy(one, "a", "b"),
    "put": lambda one: obstore.put(one, "a", b"x"),
    "delete": lambda one: obstore.delete(one, "a"),
}
for kind, one in stores.items():
    for name, call in calls.items():
        if (kind, name) == ("s3", "delete"):
            continue  # one request for many keys, with an answer of its own form
        asked.clear()
        call(one)
        asks = "asks for a token, sends it" if ("metadata", False) in asked else "sends a token"
        print(f"{kind} {name}: {asks if ('store', True) in asked else 'no token'}")
PYTHON
)
echo "$seen"
[ "$seen" = "google get: no token
google head: no token
google copy: no token
google put: asks for a token, sends it
google delete: sends a token
s3 get: no token
s3 head: no token
s3 copy: no token
s3 put: no token" ] || { echo "this has changed" >&2; exit 1; }
