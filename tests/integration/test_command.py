from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import pytest
import yaml

from stac_ingest.cli.main import main

COMMAND = [sys.executable, "-m", "stac_ingest"]


def item(number, **more):
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"i{number}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [number % 90, 1.0]},
        "bbox": [number % 90, 1.0, number % 90, 1.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
        **more,
    }


@pytest.fixture
def source(tmp_path):
    """Make a folder of 20 item files."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(20):
        (folder / f"i{number}.json").write_text(json.dumps(item(number)))
    return folder


class Api(BaseHTTPRequestHandler):
    """A STAC API of one collection, with pages that the test chooses."""

    pages: list[dict] = []  # noqa: RUF012 - set by each test
    asked: list[str] = []  # noqa: RUF012 - set by each test

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self):
        self.asked.append(self.path)
        root = f"http://127.0.0.1:{self.server.server_port}"
        path, _, query = self.path.partition("?")
        if path == "/":
            classes = ["core", "collections", "item-search"]
            body = {
                "type": "Catalog",
                "id": "api",
                "stac_version": "1.0.0",
                "conformsTo": [f"https://api.stacspec.org/v1.0.0/{name}" for name in classes],
                "links": [{"rel": "search", "href": f"{root}/search", "method": "GET"}],
            }
        elif path == "/collections/c":
            body = {"type": "Collection", "id": "c", "extent": {"temporal": {"interval": [[None, None]]}}, "links": []}
        elif path == "/search":
            number = int(query.partition("page=")[2] or 0)
            body = dict(self.pages[number])
            body["links"] = []
            if number + 1 < len(self.pages):
                body["links"] = [{"rel": "next", "href": f"{root}/search?page={number + 1}"}]
        else:
            self.send_error(404)
            return
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/geo+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def page(numbers, **more):
    return {"type": "FeatureCollection", "features": [item(number) for number in numbers], **more}


@pytest.fixture
def api():
    """Run an API; `api.pages` is what it serves."""
    handler = type("Handler", (Api,), {"pages": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def command(*arguments, **options):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60, **options
    )


def certificate(folder):
    return json.loads((folder / "certificate.json").read_text())


def ids(folder):
    return sorted(json.loads(line)["id"] for line in (folder / "items.ndjson").read_text().splitlines())


def test_a_folder_of_items_becomes_ndjson(source, tmp_path):
    """The command exits with 0, says what it did, shows no progress without a terminal, and leaves a certificate."""
    out = tmp_path / "out"
    done = command(source, "--to", "ndjson", "--output", out)
    assert done.returncode == 0, done.stderr
    assert len(ids(out)) == 20
    assert "20 written" in done.stderr
    assert "complete: all 20 items came" in done.stderr
    assert "\r" not in done.stderr
    assert certificate(out)["verdict"] == "complete"
    assert {path.name for path in out.iterdir()} == {"items.ndjson", "certificate.json", ".checkpoints"}
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}


def test_a_terminal_sees_progress(source, tmp_path):
    """On a terminal one line shows items, rate and failures, and is taken away at the end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, str(source), "--to", "ndjson", "--output", str(tmp_path / "out")], stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 4096):
            shown += block
    except OSError:
        pass  # the terminal's way to say that nobody writes to it any more
    os.close(ours)
    assert process.wait(timeout=30) == 0
    assert b"\r\x1b[K20 items" in shown
    assert b"0 failures" in shown


def test_item_files_stay_apart_from_the_certificate(source, tmp_path):
    """Item files have a folder of their own, which can be ingested again, and no id can replace the certificate."""
    (source / "odd.json").write_text(json.dumps(item(99, id="certificate")))
    (source / "evil.json").write_text(json.dumps(item(98, id="../../evil")))
    out = tmp_path / "out"
    assert main([str(source), "--to", "items", "--output", str(out)]) == 0
    assert certificate(out)["verdict"] == "complete"
    assert len(list((out / "items").glob("*.json"))) == 22
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}
    assert main([str(out / "items"), "--to", "ndjson", "--output", str(tmp_path / "again")]) == 0
    assert "../../evil" in ids(tmp_path / "again")


def test_geoparquet_comes_back_as_the_same_items(source, tmp_path):
    """What is written as GeoParquet can be ingested again."""
    out = tmp_path / "out"
    assert main([str(source), "--to", "geoparquet", "--output", str(out)]) == 0
    assert main([str(out / "part-00000.parquet"), "--to", "ndjson", "--output", str(tmp_path / "again")]) == 0
    assert len(ids(tmp_path / "again")) == 20


def test_failures_are_counted_named_and_change_the_exit_code(source, tmp_path):
    """A broken file costs itself: the rest is written, the run ends with 1, and control characters are made visible."""
    (source / "bad\x1b[2J.json").write_text("{")
    out = tmp_path / "out"
    done = command(source, "--to", "ndjson", "--output", out)
    assert done.returncode == 1
    assert len(ids(out)) == 20
    assert "truncated: 1 failure in the ingest" in done.stderr
    assert "bad\\x1b[2J.json" in done.stderr
    assert "\x1b" not in done.stderr
    assert certificate(out)["ingest_failures"] == 1


def test_resume_writes_what_is_missing(source, tmp_path):
    """With --resume, items that are written are skipped, and new and mended ones are added."""
    out = tmp_path / "out"
    (source / "i3.json").rename(tmp_path / "i3.json")
    assert main([str(source), "--to", "ndjson", "--output", str(out)]) == 0
    (tmp_path / "i3.json").rename(source / "i3.json")
    assert main([str(source), "--to", "ndjson", "--output", str(out), "--resume"]) == 0
    assert len(ids(out)) == 20
    assert (certificate(out)["written"], certificate(out)["skipped"]) == (1, 19)


def test_resume_refuses_to_replace_items_that_it_knows_nothing_of(source, tmp_path, capfd):
    """Resuming another collection's folder stops before it overwrites what is there."""
    out = tmp_path / "out"
    assert main([str(source), "--to", "ndjson", "--output", str(out)]) == 0
    assert main([str(source), "--collection", "other", "--to", "ndjson", "--output", str(out), "--resume"]) == 2
    assert "no checkpoint of 'other'" in capfd.readouterr().err
    assert len(ids(out)) == 20


def test_without_resume_a_run_starts_afresh(source, tmp_path):
    """A second run replaces what the first one wrote."""
    out = tmp_path / "out"
    for _ in range(2):
        assert main([str(source), "--to", "ndjson", "--output", str(out)]) == 0
        assert certificate(out)["written"] == 20
    assert len(ids(out)) == 20


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["/nowhere", "--to", "ndjson"], "File not found"),
        (["SOURCE", "--to", "csv"], "invalid choice: 'csv'"),
        (["SOURCE"], "--to"),
        (["SOURCE", "--to", "ndjson", "--concurrency", "99"], "concurrency: .*50"),
        (["SOURCE", "--to", "ndjson", "--strategy", "time_chunks"], "time_chunks"),
        (["SOURCE", "--to", "ndjson", "--bbox", "1,2"], "2 numbers, not 4 or 6"),
        (["SOURCE", "--to", "ndjson", "--config", "/nowhere.yaml"], "not found.*/nowhere.yaml"),
        (["https://stac.example.com/", "--to", "ndjson", "--collection", "c"], "stac.example.com.*--allow-remote"),
        (["--to", "ndjson"], "SOURCE is missing"),
    ],
)
def test_wrong_settings_are_told_in_one_line(source, tmp_path, arguments, told, capfd):
    """Exit code 2, one line that names the setting, no traceback, nothing written."""
    arguments = [str(source) if argument == "SOURCE" else argument for argument in arguments]
    try:
        code = main([*arguments, "--output", str(tmp_path / "out")])
    except SystemExit as end:
        code = end.code
    shown = capfd.readouterr().err
    assert code == 2
    assert len(shown.splitlines()) == 1
    assert re.search(told, shown), shown
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["SOURCE", "--to", "ndjson", "--output", "s3://bucket/key"],
        ["audit", "s3://bucket/key", "--against", "SOURCE"],
        ["audit", "SOURCE", "--against", "SOURCE", "--report", "https://127.0.0.1/report"],
        ["sync", "SOURCE", "--output", "S3://bucket/key"],
    ],
    ids=["output", "audited", "report", "mirror"],
)
def test_a_url_is_not_taken_for_a_folder(source, tmp_path, arguments):
    """Where a folder is needed a URL is refused, and no folder is made that is called like its scheme."""
    arguments = [str(source) if argument == "SOURCE" else argument for argument in arguments]
    working = tmp_path / "working"
    working.mkdir()
    done = command(*arguments, cwd=working)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert re.search(r"is a URL|needs a folder of this machine", done.stderr)
    assert not list(working.iterdir())


def test_an_output_may_be_given_as_a_file_url(source, tmp_path):
    """`file:///path` is that path for the output, as it is for the source."""
    assert main([source.as_uri(), "--to", "ndjson", "--output", (tmp_path / "out").as_uri()]) == 0
    assert len(ids(tmp_path / "out")) == 20
    assert main(["sync", source.as_uri(), "--output", (tmp_path / "mirror").as_uri()]) == 0
    assert (tmp_path / "mirror" / "manifest.json").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["SOURCE", "--to", "ndjson", "--output", ""],
        ["sync", "SOURCE", "--output", ""],
        ["audit", "", "--against", "SOURCE"],
        ["audit", "SOURCE", "--against", "SOURCE", "--report", ""],
    ],
    ids=["output", "mirror", "audited", "report"],
)
def test_no_path_at_all_is_not_the_folder_one_is_in(source, tmp_path, monkeypatch, capfd, arguments):
    """An empty path, as of a variable that isn't set, is refused, and nothing is written where the command is."""
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    with pytest.raises(SystemExit) as end:
        main([str(source) if argument == "SOURCE" else argument for argument in arguments])
    assert end.value.code == 2
    assert "it is empty; give a path" in capfd.readouterr().err
    assert not list(working.iterdir())


def test_a_mirror_has_a_name_that_tables_can_be_written_to(source, tmp_path, capfd):
    """A folder whose name isn't UTF-8 is refused for a sync, which Arrow couldn't open, and isn't made."""
    out = tmp_path / os.fsdecode(b"out-\xff")
    assert main(["sync", str(source), "--output", str(out)]) == 2
    assert "its name isn't UTF-8" in capfd.readouterr().err
    assert not out.exists()


def test_the_version_is_that_of_the_package(capsys):
    """`--version` prints the version that is installed, and needs no source."""
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"stac-ingest {version('stac-ingest-bench')}\n"


def test_a_command_without_anything_says_what_it_needs(capsys):
    """The one line names the source too, which `--config` may give in a command that has options."""
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    assert capsys.readouterr().err == "stac-ingest: give SOURCE, --to FORMAT and --output DIR (see --help)\n"


def test_an_output_folder_that_can_not_be_made_is_told(source, tmp_path):
    """An output path below a file is a wrong setting, told without a traceback."""
    (tmp_path / "file").write_text("")
    done = command(source, "--to", "ndjson", "--output", tmp_path / "file" / "out")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "file" / "out") in done.stderr


def test_data_that_can_not_be_used_end_with_3(tmp_path):
    """When nothing can be read the exit code is 3, and no traceback is shown."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "bad.json").write_text("{")
    done = command(source, "--to", "ndjson", "--output", tmp_path / "out")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert certificate(tmp_path / "out")["interrupted"]


def test_settings_come_from_a_file_and_options_win(source, tmp_path):
    """--config takes what IngestConfig accepts, and what is given on the command line goes before it."""
    config = tmp_path / "settings.yaml"
    config.write_text(yaml.safe_dump({"mode": "file", "source": str(source), "max_items": 5, "concurrency": 4}))
    out = tmp_path / "out"
    assert main(["--config", str(config), "--to", "ndjson", "--output", str(out)]) == 0
    assert len(ids(out)) == 5
    assert main(["--config", str(config), "--max-items", "7", "--to", "ndjson", "--output", str(out)]) == 0
    assert len(ids(out)) == 7
    config.write_text("mode: [")
    assert main(["--config", str(config), "--to", "ndjson", "--output", str(out)]) == 2


@pytest.mark.parametrize(
    ("pages", "verdict", "code"),
    [
        ([page(range(5), numberMatched=8), page(range(5, 8), numberMatched=8)], "complete", 0),
        (
            [page(range(5), numberMatched=8), page(range(4, 8), numberMatched=8)],
            "complete with duplicates",
            0,
        ),
        ([page(range(5), numberMatched=8), page(range(5, 7), numberMatched=8)], "truncated", 1),
        ([page(range(5)), page(range(5, 8))], "unknown", 0),
    ],
)
def test_the_certificate_weighs_what_came_against_what_matched(api, tmp_path, pages, verdict, code):
    """Pages, items and duplicates are held against the server's own count."""
    api.pages = pages
    out = tmp_path / "out"
    assert main([api.url, "--collection", "c", "--to", "ndjson", "--output", str(out)]) == code
    proof = certificate(out)
    assert (proof["verdict"], proof["pages"]) == (verdict, 2)
    assert len(ids(out)) == len(set(ids(out))) == proof["items"]


def test_a_limit_of_items_counts_as_complete_when_it_is_reached(api, tmp_path):
    """What was asked for, not all there is, decides."""
    api.pages = [page(range(5), numberMatched=8), page(range(5, 8), numberMatched=8)]
    out = tmp_path / "out"
    assert main([api.url, "--collection", "c", "--to", "ndjson", "--output", str(out), "--max-items", "3"]) == 0
    assert certificate(out)["expected"] == 3


def test_credentials_do_not_reach_the_certificate(api, tmp_path):
    """A password in the URL, which comes from a file, is used, not written down."""
    api.pages = [page(range(2), numberMatched=2)]
    out = tmp_path / "out"
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"source: {api.url.replace('//', '//user:secret@')}\n")
    assert main(["--config", str(settings), "--collection", "c", "--to", "ndjson", "--output", str(out)]) == 0
    assert "secret" not in (out / "certificate.json").read_text()


def test_interrupted_by_the_user(tmp_path):
    """Ctrl-C ends with 130, says how to go on, and leaves a certificate that says so."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [*COMMAND, url, "--collection", "c", "--to", "ndjson", "--output", str(tmp_path / "out")],
            stderr=subprocess.PIPE,
            text=True,
            # Where the tests run in the background Ctrl-C is ignored, and a child would inherit that.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        )
        silent.settimeout(30)
        connection, _ = silent.accept()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 130
    assert "Traceback" not in shown
    assert "--resume" in shown
    assert certificate(tmp_path / "out")["interrupted"]
