#!/usr/bin/env bash
# snakemake 9.27.1 with snakemake-storage-plugin-http 0.3.1, an input whose GET is answered with 503 and `Retry-After`
# though its HEAD was answered with 200, as by a server that is busy for a moment. The server is on loopback.
#
# Guess: the retrieval fails or is tried again, and the rule doesn't run on what isn't the file.
# Seen: the status of the GET isn't looked at. The body of the 503 becomes the input, the rule runs on it, and Snakemake
# ends with success. There is one GET: nothing is tried again, and the output counts as made.
#
# Output seen:
#   snakemake ends with 0
#   the rule reads: busy, try again later
#   GETs: 1
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


class Busy(BaseHTTPRequestHandler):
    def answer(self):
        status, body = (200, b"the item\n") if self.command == "HEAD" else (503, b"busy, try again later\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 503:
            self.send_header("Retry-After", "1")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
            with (folder / "fetched").open("ab") as fetched:
                fetched.write(b"GET\n")

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        """Say nothing."""


with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
    (folder / "port.part").write_text(str(server.server_port))
    (folder / "port.part").rename(folder / "port")
    server.serve_forever()
PYTHON
cat >"$folder/Snakefile" <<'SNAKEFILE'
rule item:
    input:
        storage.http(f"http://127.0.0.1:{config['port']}/item.json"),
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
GETs: $(wc -l <"$folder/fetched" | xargs)"
echo "$seen"
[ "$seen" = "snakemake ends with 0
the rule reads: busy, try again later
GETs: 1" ] || { echo "this has changed" >&2; exit 1; }
