"""The command against ids, files and folders that strangers have made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections import Counter

import orjson
import pyarrow.parquet as pq
import pytest

from stac_ingest.cli.main import main
from stac_ingest.config import IngestConfig
from stac_ingest.http.credentials import read_credentials
from stac_ingest.module import IngestModule

COMPLETE, INCOMPLETE, BAD_SETTINGS, BAD_DATA = 0, 1, 2, 3
FORMATS = ["items", "ndjson", "geoparquet"]
IDS = [
    "plain",
    "../../escape",
    "/etc/escape",
    "..",
    ".",
    "a/b",
    "a\\b",
    "a\x00b",
    "a\nb",
    "\x1b[2J",
    "x" * 300,
    "x" * 299 + "y",
    "case",
    "CASE",
    "CON",
    "con",
    "nul.txt",
    "name",
    "name.",
    "name ",
    "name. ",
    " name",
    "-rf",
    "a:b",
    ".hidden",
    "a~b",
    "\u202egnp.exe",
    "\U0001f6f0",
    *(unicodedata.normalize(form, "Zürich") for form in ("NFC", "NFD")),
    *(unicodedata.normalize(form, "ﬁn") for form in ("NFC", "NFKC")),
]


def item(name):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
    }


def collection(path, names):
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": [item(name) for name in names]}))
    return path


def written(kind, out):
    """List the ids in an output, as often as they are there."""
    if kind == "items":
        return [orjson.loads(path.read_bytes())["id"] for path in (out / "items").iterdir()]
    if kind == "ndjson":
        return [orjson.loads(line)["id"] for line in (out / "items.ndjson").read_bytes().splitlines()]
    parts = sorted(out.glob("part-*.parquet"))
    return [one for path in parts for one in pq.read_table(path, columns=["id"])["id"].to_pylist()]


@pytest.mark.parametrize("kind", FORMATS)
def test_whatever_an_id_is_its_item_is_written_once(tmp_path, kind):
    """Paths, devices, twins by case or form, control characters: each item is there once, after --resume too."""
    assert len(set(IDS)) == len(IDS)
    half, whole = collection(tmp_path / "half.json", IDS[::2]), collection(tmp_path / "whole.json", IDS)
    out = tmp_path / "deep" / "out"
    for source, more in ((half, []), (whole, ["--resume"]), (whole, ["--resume"])):
        assert main([str(source), "--to", kind, "--output", str(out), *more]) == COMPLETE
    assert Counter(written(kind, out)) == Counter(IDS)
    assert {path.name for path in tmp_path.iterdir()} == {"half.json", "whole.json", "deep"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert not any(path.is_symlink() or path.name == "escape" for path in out.rglob("*"))


@pytest.mark.parametrize("name", ["a.parquet", "a.json", "items/a.parquet", "items/a.json"])
def test_a_fifo_is_not_waited_for(tmp_path, name):
    """A FIFO in place of a file, or in a folder, is a failure by name, whatever it is said to hold."""
    source = tmp_path / name
    source.parent.mkdir(exist_ok=True)
    os.mkfifo(source)
    given = source.parent if source.parent != tmp_path else source
    command = [sys.executable, "-m", "stac_ingest", str(given), "--to", "ndjson", "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == BAD_DATA
    assert "not a regular file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("kind", "planted"),
    [
        ("items", "items"),
        ("ndjson", ".checkpoints"),
        ("ndjson", ".checkpoints/ndjson"),
        ("ndjson", ".checkpoints/ndjson/items.parquet"),
        ("items", ".checkpoints/items/other.parquet"),
    ],
)
def test_a_link_in_the_output_folder_is_refused(tmp_path, kind, planted, capfd):
    """A folder of ours that somebody made a link to elsewhere is named, and nothing is written there."""
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    (out / planted).parent.mkdir(parents=True)
    (out / planted).symlink_to(elsewhere)
    source = collection(tmp_path / "a.json", ["a"])
    assert main([str(source), "--to", kind, "--output", str(out)]) == BAD_SETTINGS
    assert f"{out / planted} is a symbolic link" in capfd.readouterr().err
    assert list(elsewhere.iterdir()) == []
    (out / planted).unlink()
    link = tmp_path / "link"
    link.symlink_to(out)
    assert main([str(source), "--to", kind, "--output", str(link)]) == COMPLETE
    assert written(kind, out) == ["a"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs paths of descriptors")  # noqa: PTH112 - as the product asks
@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_that_is_swapped_while_items_come(tmp_path, kind, monkeypatch):
    """An output folder that becomes a link to elsewhere leads neither items nor the certificate there."""
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    fetch = IngestModule.fetch_rows

    async def fetch_and_swap(module, context, *, as_lines):
        async for found in fetch(module, context, as_lines=as_lines):
            if not out.is_symlink():
                out.rename(tmp_path / "moved")
                out.symlink_to(elsewhere)
            yield found

    monkeypatch.setattr(IngestModule, "fetch_rows", fetch_and_swap)
    main([str(collection(tmp_path / "a.json", IDS)), "--to", kind, "--output", str(out)])
    assert {path.name for path in elsewhere.rglob("*") if path.is_file()} <= {
        path.name for path in elsewhere.glob(".checkpoints/**/*")
    }
    assert (tmp_path / "moved" / "certificate.json").exists()
    monkeypatch.undo()


MARKED = {
    "an item": ("a.json", json.dumps),
    "an item over lines": ("a.json", lambda one: json.dumps(one, indent=1)),
    "a collection of features": ("a.json", lambda one: json.dumps({"type": "FeatureCollection", "features": [one]})),
    "lines": ("a.ndjson", lambda one: json.dumps(one) + "\n"),
}
"""What may begin with a byte order mark, as programs on Windows write it: the name of a file, and its text."""


@pytest.mark.parametrize("what", MARKED)
@pytest.mark.parametrize("way", ["file", "folder", "stdin", "sync"])
def test_a_byte_order_mark_is_passed_over(tmp_path, what, way):
    """A file that begins with a byte order mark is read like one without."""
    name, text = MARKED[what]
    path, out = tmp_path / "items" / name, tmp_path / "out"
    path.parent.mkdir()
    path.write_text(text(item("a")), encoding="utf-8-sig")
    if way == "stdin":
        command = [sys.executable, "-m", "stac_ingest", "-", "--to", "ndjson", "--output", str(out)]
        assert subprocess.run(command, input=path.read_bytes(), check=False).returncode == COMPLETE
    else:
        given = str(path.parent if way == "folder" else path)
        command = ["sync", given] if way == "sync" else [given, "--to", "ndjson"]
        assert main([*command, "--output", str(out)]) == COMPLETE
    if way != "sync":
        assert written("ndjson", out) == ["a"]


def test_a_byte_order_mark_is_no_part_of_what_a_file_lists(tmp_path):
    """Nor is it a part of the first id, of the first path or of the first header that a file lists."""
    source = collection(tmp_path / "a.json", ["a", "b"])
    for name, text in (("ids.txt", "a\nb\n"), ("paths.txt", f"{source}\n"), ("headers.txt", "X-First: 1\n")):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    options = ["--ids", f"@{tmp_path / 'ids.txt'}", "--to", "ndjson", "--output", str(tmp_path / "out")]
    assert main([f"@{tmp_path / 'paths.txt'}", *options]) == COMPLETE
    assert written("ndjson", tmp_path / "out") == ["a", "b"]
    config = IngestConfig.parse(
        {"mode": "api", "source": "http://127.0.0.1:1", "headers_file": str(tmp_path / "headers.txt")}
    )
    root, credentials = read_credentials(config)
    assert credentials.headers(root, {}) == {"X-First": "1"}


LONE = "\ud800"
"""Half of a character: JSON can carry one as an escape, and UTF-8 has none."""
LONE_IN = {
    "id": {"id": LONE},
    "collection": {"collection": LONE},
    "value": {"properties": {"datetime": None, "title": LONE}},
    "property": {"properties": {"datetime": None, LONE: 1}},
    "member": {LONE: 1},
    "asset": {"assets": {LONE: {"href": "a.tif"}}},
}


@pytest.mark.parametrize("where", LONE_IN)
@pytest.mark.parametrize("kind", [*FORMATS, "sorted-geoparquet", "sync"])
def test_half_a_character_costs_its_item_alone(tmp_path, kind, where):
    """An item with half a character, wherever that is, is a failure; the item beside it is written."""
    source, out = tmp_path / "a.json", tmp_path / "out"
    members = [item("plain"), item("bad") | LONE_IN[where]]
    source.write_text(json.dumps({"type": "FeatureCollection", "features": members}))
    command = ["sync", str(source)] if kind == "sync" else [str(source), "--to", kind]
    assert main([*command, "--output", str(out)]) == INCOMPLETE
    assert main([str(out), "--to", "ndjson", "--output", str(tmp_path / "read")]) == COMPLETE
    assert written("ndjson", tmp_path / "read") == ["plain"]


@pytest.mark.parametrize("kind", ["run", "sync"])
def test_a_table_whose_name_is_not_utf8_is_named(tmp_path, kind):
    """A table that can't be opened because of its name is a failure that says so; the table beside it is read."""
    source, out = tmp_path / "tables", tmp_path / "out"
    items = collection(tmp_path / "a.json", ["a"])
    assert main([str(items), "--to", "geoparquet", "--output", str(source)]) == COMPLETE
    (source / os.fsdecode(b"\xff.parquet")).write_bytes((source / "part-00000.parquet").read_bytes())
    command = ["sync", str(source)] if kind == "sync" else [str(source), "--to", "ndjson"]
    assert main([*command, "--output", str(out)]) == INCOMPLETE
    path = out / "changes" / "00000001.failures.ndjson" if kind == "sync" else out / "failures.ndjson"
    (failure,) = path.read_bytes().splitlines()
    assert b"\\\\udcff.parquet" in failure
    assert b"rename it" in failure


@pytest.mark.parametrize("entry", ["file", "catalog"])
def test_a_sync_names_a_broken_file_whose_name_is_not_utf8(tmp_path, entry):
    """A broken file whose name UTF-8 can't hold is a failure of a sync, in this run and in the next one."""
    source, out = tmp_path / "items", tmp_path / "out"
    source.mkdir()
    collection(source / "a.json", ["a"])
    (source / os.fsdecode(b"\xff.json")).write_text("{")
    links = [{"rel": "item", "href": "a.json"}, {"rel": "child", "href": "\udcff.json"}]
    (source / "catalog.json").write_text(json.dumps({"type": "Catalog", "id": "c", "links": links}))
    given = source if entry == "file" else source / "catalog.json"
    for generation in (1, 2):
        assert main(["sync", str(given), "--output", str(out)]) == INCOMPLETE
        (named,) = (out / "changes" / f"0000000{generation}.failures.ndjson").read_bytes().splitlines()
        assert orjson.loads(named)["what"] == "\\udcff.json"


def test_all_failures_are_listed_in_a_file(tmp_path, capfd):
    """What could not be used is named with the reason, however much it is; a run without failures leaves no list."""
    source = tmp_path / "a.json"
    members = [item("a"), *({"id": number} for number in range(300)), item("b")]
    source.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": members}))
    out = tmp_path / "out"
    command = [str(source), "--to", "ndjson", "--output", str(out)]
    assert main(command) == INCOMPLETE
    assert f"{out / 'failures.ndjson'} has all 300 failures" in capfd.readouterr().err
    found = [orjson.loads(line) for line in (out / "failures.ndjson").read_bytes().splitlines()]
    assert [one["item_id"] for one in found] == [f"a.json#{number}" for number in range(1, 301)]
    assert {(one["error_type"], one["step_id"]) for one in found} == {("ItemError", "ingest")}
    collection(source, ["a"])
    assert main(command) == COMPLETE
    assert not (out / "failures.ndjson").exists()
