"""The command's transforms, from the options to what is written and certified."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from stac_ingest.cli.main import main
from stac_ingest.outputs import read_output

ITEMS = 200
EVERY = ["--where", "n < 50", "--rename-property", "n=count", "--drop-property", "x", "--set-property", 'by={"a": [1]}']


def item(number):
    # Of every tenth item it isn't known whether it is wanted.
    properties = {"datetime": "2024-01-01T00:00:00Z", "n": None if number % 10 == 9 else number, "x": "gone"}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"i{number:03}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [number % 90, 1.0]},
        "bbox": [number % 90, 1.0, number % 90, 1.0],
        "properties": properties,
        "links": [],
        "assets": {},
    }


def expected(numbers):
    """Give the items as `EVERY` leaves them."""
    found = []
    for number in numbers:
        if number < 50 and number % 10 != 9:
            changed = item(number)
            changed["properties"] = {"datetime": "2024-01-01T00:00:00Z", "count": number, "by": {"a": [1]}}
            found.append(changed)
    return found


@pytest.fixture
def source(tmp_path):
    """Make a folder of item files."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(ITEMS):
        (folder / f"i{number:03}.json").write_text(json.dumps(item(number)))
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def run(source, out, *arguments, to="ndjson"):
    return main([str(source), "--to", to, "--output", str(out), *arguments])


def written(out, to="ndjson"):
    return sorted(read_output(to, out), key=lambda found: found["id"])


def certificate(out):
    return json.loads((out / "certificate.json").read_text())


@pytest.mark.parametrize("to", ["ndjson", "geoparquet", "items"])
def test_items_are_kept_and_changed_as_the_options_say(source, out, to):
    """Each output has the wanted items as they are to be; the run is complete, and says what it left out and why."""
    assert run(source, out, *EVERY, to=to) == 0
    assert written(out, to) == expected(range(ITEMS))
    proof = certificate(out)
    assert (proof["verdict"], proof["items"], proof["written"], proof["dropped"]) == ("complete", 200, 45, 155)
    assert "transforms left out 155 of them" in proof["reason"]
    assert any("`where` is neither true nor false for 20 items" in note for note in proof["notes"])


@pytest.mark.parametrize("to", ["ndjson", "geoparquet"])
def test_batches_stay_together(source, out, tmp_path, to):
    """With transforms as many batches go to the output whole as without."""
    assert run(source, tmp_path / "plain", to=to) == 0
    plain = certificate(tmp_path / "plain")
    assert run(source, out, *EVERY, to=to) == 0
    proof = certificate(out)
    assert proof["fast_batches"] == plain["fast_batches"] > 0
    assert proof["safe_batches"] == plain["safe_batches"] == 0


@pytest.mark.parametrize("to", ["ndjson", "geoparquet"])
@pytest.mark.parametrize("value", ["1", '{"a": [1]}'])
def test_a_table_is_changed_as_its_items_are(source, out, tmp_path, to, value):
    """What is made of the rows of a table, as columns or one by one, is what is made of the items in files."""
    arguments = [*EVERY[:-1], f"by={value}"]
    assert run(source, tmp_path / "table", to="geoparquet") == 0
    assert run(tmp_path / "table" / "part-00000.parquet", out, *arguments, to=to) == 0
    assert run(source, tmp_path / "plain", *arguments, to=to) == 0
    assert written(out, to) == written(tmp_path / "plain", to)
    assert (certificate(out)["verdict"], certificate(out)["dropped"]) == ("complete", 155)


def test_settings_of_a_file_are_those_of_the_options(source, out, tmp_path):
    """A file has the transforms in a section, an expression as an object too; an option replaces its own setting."""
    config = tmp_path / "settings.yaml"
    transforms = {
        "where": {"op": "<", "args": [{"property": "n"}, 10]},
        "rename_properties": {"n": "count"},
        "drop_properties": ["x"],
        "set_properties": {"by": {"a": [1]}},
    }
    config.write_text(yaml.safe_dump({"transforms": transforms}))
    assert run(source, out, "--config", str(config)) == 0
    assert written(out) == expected(range(10))
    assert run(source, out, "--config", str(config), "--where", "n < 20") == 0
    assert written(out) == expected(range(20))


def test_max_items_counts_what_is_read(source, out):
    """The number of items is that of the source, before an expression leaves some of them out."""
    assert run(source, out, "--where", "n IS NULL", "--max-items", "20") == 0
    assert [found["id"] for found in written(out)] == ["i009", "i019"]
    assert certificate(out)["verdict"] == "complete"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "n <"], "where: 'n <', at character 4: expected a property"),
        (["--where", '{"op": 1}'], "where: .*at op: unknown operator"),
        (["--set-property", "x=text"], "--set-property: the value of 'x' is not JSON: 'text'; .*double quotes"),
        (["--set-property", "x=12345678901234567890123"], "whole number of 19 digits"),
        (["--set-property", "x"], "--set-property: 'x' is not of the form NAME=JSON"),
        (["--rename-property", "a="], "--rename-property: 'a=' is not of the form OLD=NEW"),
        (["--rename-property", "a=b", "--rename-property", "a=c"], "--rename-property: 'a' is given twice"),
        (["--rename-property", "a=c", "--rename-property", "b=c"], "two properties are renamed to the same name"),
        (["--drop-property", "datetime"], "datetime can't be dropped"),
    ],
)
def test_wrong_settings_are_told_in_one_line(source, out, arguments, said, capfd):
    """Exit code 2, one line that names the option and what was expected, and nothing is written."""
    assert run(source, out, *arguments) == 2
    shown = capfd.readouterr().err
    assert len(shown.splitlines()) == 1
    assert re.search(said, shown), shown
    assert not out.exists()


def test_transforms_of_a_file_are_checked(source, out, tmp_path, capfd):
    """A misspelt transform of a file is named."""
    config = tmp_path / "settings.yaml"
    for text, said in (("transforms: {wher: a}", "did you mean where"), ("transforms: a", "must hold settings")):
        config.write_text(text)
        assert run(source, out, "--config", str(config)) == 2
        assert said in capfd.readouterr().err


def test_a_run_with_other_transforms_does_not_resume(source, out, tmp_path, capfd):
    """A resumed run has the transforms of the run before it, or is refused and leaves all as it is; afresh it may."""
    (source / "i003.json").rename(tmp_path / "i003.json")
    assert run(source, out, *EVERY) == 0
    before = written(out)
    (tmp_path / "i003.json").rename(source / "i003.json")
    for others in ([], EVERY[2:], ["--where", "n < 51", *EVERY[2:]]):
        assert run(source, out, "--resume", *others) == 2
        assert "went through other transforms" in capfd.readouterr().err
        assert written(out) == before
    assert run(source, out, "--resume", *EVERY) == 0
    assert written(out) == expected(range(ITEMS))
    assert certificate(out)["written"] == 1
    assert run(source, out) == 0
    assert run(source, out, "--resume") == 0
    assert len(written(out)) == ITEMS
    assert run(source, out, "--resume", *EVERY) == 2


def test_a_run_that_stopped_short_resumes_to_the_same_items(source, out):
    """What an earlier run has read, wanted or not, isn't read again, and all that is wanted is there in the end."""
    whole = (source / "i198.json").read_text()
    (source / "i198.json").write_text("{")
    arguments = ["--where", "n > 20", "--set-property", "x=1"]
    assert run(source, out, *arguments) == 1
    (source / "i198.json").write_text(whole)
    assert run(source, out, "--resume", *arguments) == 0
    wanted = [number for number in range(ITEMS) if number > 20 and number % 10 != 9]
    assert [found["id"] for found in written(out)] == [f"i{number:03}" for number in wanted]
    assert certificate(out)["verdict"] == "complete"


@pytest.mark.parametrize("to", ["ndjson", "geoparquet"])
def test_an_expression_may_leave_out_everything(source, out, to):
    """Nothing is written, and that is complete."""
    assert run(source, out, "--where", "FALSE", to=to) == 0
    assert written(out, to) == []
    assert (certificate(out)["verdict"], certificate(out)["dropped"]) == ("complete", ITEMS)


class Api(BaseHTTPRequestHandler):
    """A STAC API of one collection in two pages; the second one is broken where `broken` is set."""

    broken = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self):
        root = f"http://127.0.0.1:{self.server.server_port}"
        path, _, query = self.path.partition("?")
        if path == "/":
            classes = [f"https://api.stacspec.org/v1.0.0/{name}" for name in ("core", "collections", "item-search")]
            links = [{"rel": "search", "href": f"{root}/search", "method": "GET"}]
            body = {"type": "Catalog", "id": "a", "stac_version": "1.0.0", "conformsTo": classes, "links": links}
        elif path == "/collections/c":
            body = {"type": "Collection", "id": "c", "extent": {"temporal": {"interval": [[None, None]]}}, "links": []}
        else:
            second = "page=1" in query
            features = [item(number) for number in (range(50, 100) if second else range(50))]
            body = {"type": "FeatureCollection", "features": features, "numberMatched": 100, "links": []}
            if second and self.broken:
                body = {"type": "FeatureCollection", "features": "none"}
            elif not second:
                body["links"] = [{"rel": "next", "href": f"{root}/search?page=1"}]
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/geo+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def test_what_an_expression_drops_is_not_missing_from_an_api(out):
    """A run that was cut short resumes to complete: what was dropped before counts as delivered by the server."""
    handler = type("Handler", (Api,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        first = run(url, out, *EVERY, "--collection", "c", "--retry", "none")
        handler.broken = False
        assert first != 0
        assert run(url, out, *EVERY, "--collection", "c", "--resume") == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert written(out) == expected(range(100))
    assert (certificate(out)["verdict"], certificate(out)["items"]) == ("complete", 100)
