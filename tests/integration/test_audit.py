"""An audit of each output against files, an API and another output: what differs is named, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audited import COUNT, FORMATS, audit, item, items, skip_without_extra, write_output, write_source

from stac_ingest.cli.main import BAD_SETTINGS, main
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from ingest_bench.simulator.pytest_plugin import StartServer


@pytest.mark.parametrize("name", FORMATS)
def test_what_the_command_wrote_is_the_same(name: str, tmp_path: Path) -> None:
    """An output that a run has made differs in nothing from its source, null members and spellings included."""
    skip_without_extra(name)
    source = write_source(tmp_path / "source", items())
    assert main([str(source), "--to", name, "--output", str(tmp_path / "out")]) == 0
    said = audit(tmp_path / "out", "--against", source)
    assert (said.code, said.found) == (0, [])
    assert f"nothing differs: both have the same {COUNT} items" in said.words
    assert not (tmp_path / "out" / ".audit.ndjson.part").exists()
    assert ("null members don't count" in said.words) == name.endswith(("geoparquet", "delta", "iceberg"))


@pytest.mark.parametrize("name", FORMATS)
def test_what_differs_is_named(name: str, tmp_path: Path) -> None:
    """A removed item, a changed value and an added item are named by collection and id, with the members."""
    changed = [
        item(number, **({"n": 0, "deep": {"a": [1, {"b": 2}]}} if number == 7 else {})) for number in range(COUNT)
    ]
    source = [item(number, **({"deep": {"a": [1, {"b": 3}]}} if number == 7 else {})) for number in range(COUNT)]
    del changed[4]
    write_output(name, tmp_path / "out", [*changed, item(100)])
    said = audit(tmp_path / "out", "--against", write_source(tmp_path / "source", source))
    assert said.found == [("different", "c", "i003"), ("extra", "d", "i050"), ("missing", "d", "i002")]
    assert said.code == 1
    assert next(line["members"] for line in said.lines if line["what"] == "different") == [
        "properties.deep.a.1.b",
        "properties.n",
    ]
    assert "3 items differ" in said.words
    assert audit(tmp_path / "out", "--against", tmp_path / "source" / "source.ndjson").found == said.found


def test_two_outputs_are_compared(tmp_path: Path) -> None:
    """One output is audited against another one of another format."""
    write_output("geoparquet", tmp_path / "a", items())
    write_output("items", tmp_path / "b", items()[:-1])
    assert audit(tmp_path / "b", "--against", tmp_path / "a").found == [("missing", "c", "i011")]
    assert audit(tmp_path / "a", "--against", tmp_path / "b").found == [("extra", "c", "i011")]


def test_copies_are_named(tmp_path: Path) -> None:
    """An item that is twice in the output differs; one that is twice in the source is named, and no fault."""
    write_output("ndjson", tmp_path / "out", [*items(), item(3)])
    source = write_source(tmp_path / "source", [*items(), item(4), item(4)])
    said = audit(tmp_path / "out", "--against", source)
    assert [(line["what"], line["side"], line["id"]) for line in said.lines] == [
        ("repeated", "source", "i002"),
        ("repeated", "source", "i002"),
        ("repeated", "output", "i001"),
    ]
    assert said.code == 1
    write_output("ndjson", tmp_path / "out", items())
    assert audit(tmp_path / "out", "--against", source).code == 0


def test_null_members_count_where_both_sides_have_them(tmp_path: Path) -> None:
    """Between JSON and JSON a null member is something else than a missing one; to a table it isn't."""
    without = items()
    del without[0]["properties"]["none"]
    source = write_source(tmp_path / "source", without)
    write_output("ndjson", tmp_path / "lines", items())
    write_output("geoparquet", tmp_path / "table", items())
    assert audit(tmp_path / "lines", "--against", source).found == [("different", "d", "i000")]
    assert audit(tmp_path / "table", "--against", source).found == []


def test_filters_hold_for_both_sides(tmp_path: Path) -> None:
    """With a collection, items of others are neither missing nor extra."""
    write_output("items", tmp_path / "out", [*items()[1:], item(100)])
    source = write_source(tmp_path / "source", items())
    assert audit(tmp_path / "out", "--against", source, "--collection", "c").code == 0
    assert len(audit(tmp_path / "out", "--against", source, "--collection", "d").found) == 2


def test_ids_alone(tmp_path: Path) -> None:
    """With `--ids-only` a changed value is none, and the report says that contents were not compared."""
    write_output("ndjson", tmp_path / "out", [item(0, n=5), *items()[1:]])
    said = audit(tmp_path / "out", "--against", write_source(tmp_path / "source", items()), "--ids-only")
    assert said.code == 0
    assert "no contents" in said.words


def test_transforms_are_those_of_the_output(tmp_path: Path) -> None:
    """Items that went through transforms are compared with the source's after the same ones, and with no others."""
    source = write_source(tmp_path / "source", items())
    transforms = ["--where", "n > 3", "--drop-property", "none"]
    assert main([str(source), "--to", "ndjson", "--output", str(tmp_path / "out"), *transforms]) == 0
    assert audit(tmp_path / "out", "--against", source, *transforms).code == 0
    with pytest.raises(ConfigurationError, match="went through transforms"):
        audit(tmp_path / "out", "--against", source)


def _broken_line(folder: Path) -> None:
    path = folder / "items.ndjson"
    path.write_bytes(path.read_bytes()[:-40] + b"\n")


def _missing_source(folder: Path) -> None:
    (folder.parent / "source" / "source.ndjson").write_text("{\n" * 3)


@pytest.mark.parametrize(("damage", "code", "words"), [(_broken_line, 1, "output"), (_missing_source, 3, "source")])
def test_what_cannot_be_read_is_said(damage: Callable[[Path], None], code: int, words: str, tmp_path: Path) -> None:
    """With a side that can't be read whole nothing is called the same, and what seems to be extra isn't named so."""
    source = write_source(tmp_path / "source", items())
    write_output("ndjson", tmp_path / "out", items())
    damage(tmp_path / "out")
    said = audit(tmp_path / "out", "--against", source)
    assert said.code == code
    assert f"the {words} could not be read whole" in said.words
    assert "nothing differs" not in said.words
    assert not [what for what, *_ in said.found if what == "extra"]


def test_a_table_whose_files_take_their_places_is_not_whole(tmp_path: Path) -> None:
    """A sorted table is not called the same while a killed run has left some of its files to be replaced."""
    source = write_source(tmp_path / "source", items())
    out = write_output("sorted-geoparquet", tmp_path / "out", items())
    (out / ".sorting").mkdir()
    (out / ".sorting" / "layout.json").write_text("{}")
    said = audit(out, "--against", source)
    assert said.code == 1
    assert "taking their places" in said.words


def test_extra_is_not_known_where_the_source_has_failures(tmp_path: Path) -> None:
    """One unreadable line of the source may be the item that seems to be extra: that isn't known, and code 1."""
    path = write_source(tmp_path / "source", items()[:-1])
    with path.open("a") as stream:
        stream.write("{broken\n")
    write_output("ndjson", tmp_path / "out", items())
    said = audit(tmp_path / "out", "--against", path)
    assert (said.code, said.found) == (1, [])
    assert "no difference was found, but not everything could be compared" in said.words


def test_an_api_is_asked_once(stac_server: StartServer, tmp_path: Path) -> None:
    """Against an API of several pages, the audit asks for each page once, repair included."""
    server = stac_server(items=30)
    out, asked = tmp_path / "out", [server.url, "--collection", "sentinel-2-l2a", "--limit", "10"]
    assert main([*asked, "--to", "ndjson", "--output", str(out)]) == 0
    lines = (out / "items.ndjson").read_bytes().splitlines(keepends=True)
    (out / "items.ndjson").write_bytes(b"".join(lines[:-2]))
    server.reset()
    said = audit(out, "--against", *asked, "--repair")
    once = server.stats().requests
    assert [what for what, *_ in said.found] == ["missing", "missing"]
    assert said.code == 0
    assert audit(out, "--against", *asked).found == []
    assert server.stats().requests == 2 * once <= 2 * (3 + 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--max-items", "3"], "--max-items"),
        (["--remove-extra"], "goes with --repair"),
        (["--key-pattern", "(?P<id>.*)"], "S3 Inventory"),
        (["--source", "x"], "goes with --repair"),
        (["--repair", "--source", "x"], "goes with an inventory"),
    ],
)
def test_wrong_settings(arguments: list[str], words: str, tmp_path: Path) -> None:
    """Settings that mean nothing are refused, and nothing is written."""
    source = write_source(tmp_path / "source", items())
    out = write_output("ndjson", tmp_path / "out", items())
    with pytest.raises(ConfigurationError, match=words):
        audit(out, "--against", source, *arguments)
    assert sorted(path.name for path in out.iterdir()) == [".checkpoints", "items.ndjson"]


def test_its_report_is_not_read_as_items(tmp_path: Path) -> None:
    """`audit.ndjson` beside parts of a table makes no mixture of them: the folder is read again, as before."""
    out = write_output("geoparquet", tmp_path / "out", items()[1:])
    source = write_source(tmp_path / "source", items())
    assert audit(out, "--against", source).code == 1
    assert (out / "audit.ndjson").exists()
    assert main([str(out), "--to", "ndjson", "--output", str(tmp_path / "again")]) == 0
    assert len((tmp_path / "again" / "items.ndjson").read_text().splitlines()) == COUNT - 1
    shutil.rmtree(tmp_path / "again")
    assert json.loads((out / "audit.ndjson").read_text())["what"] == "missing"
    assert BAD_SETTINGS == 2
