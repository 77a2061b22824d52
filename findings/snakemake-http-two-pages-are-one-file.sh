#!/usr/bin/env bash
# snakemake 9.27.1 with snakemake-storage-plugin-http 0.3.1, two pages of a list as inputs of one rule, from a server on
# loopback.
#
# Guess: `storage.http(".../items?page=1")` and `storage.http(".../items?page=2")` are two inputs with two contents: the
# query is part of a URL.
# Seen: the local file is named after host and path alone, so both are the one file `items`. Page 1 is fetched, page 2
# never is, though the log lists both as retrieved inputs. The rule gets page 1 twice and Snakemake ends with success.
#
# Output seen:
#   snakemake ends with 0
#   the rule reads: page=1 page=1
#   fetched: page=1
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'snakemake==9.27.1' 'snakemake-storage-plugin-http==0.3.1'

cat >"$folder/server.py" <<'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

folder = Path(sys.argv[1])


class Pages(BaseHTTPRequestHandler):
    def answer(self):
        body = self.path.partition("?")[2].encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
            with (folder / "fetched").open("ab") as fetched:
                fetched.write(body)

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        """Say nothing."""


with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
    (folder / "port.part").write_text(str(server.server_port))
    (folder / "port.part").rename(folder / "port")
    server.serve_forever()
PYTHON
cat >"$folder/Snakefile" <<'SNAKEFILE'
rule pages:
    input:
        storage.http(f"http://127.0.0.1:{config['port']}/items?page=1"),
        storage.http(f"http://127.0.0.1:{config['port']}/items?page=2"),
    output:
        "read",
    shell:
        "cat {input} > {output}"
SNAKEFILE
"$folder/env/bin/python" "$folder/server.py" "$folder" &
server=$!
for _ in $(seq 100); do [ -e "$folder/port" ] && break || sleep 0.1; done

ended=0
"$folder/env/bin/snakemake" --cores 1 --directory "$folder" --snakefile "$folder/Snakefile" \
  --config "port=$(cat "$folder/port")" >"$folder/log" 2>&1 || ended=$?
[ "$ended" -eq 0 ] || cat "$folder/log" >&2
seen="snakemake ends with $ended
the rule reads: $(xargs <"$folder/read")
fetched: $(xargs <"$folder/fetched")"
echo "$seen"
[ "$seen" = "snakemake ends with 0
the rule reads: page=1 page=1
fetched: page=1" ] || { echo "this has changed" >&2; exit 1; }
