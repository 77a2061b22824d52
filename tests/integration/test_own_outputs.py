"""What we write, we read: each output as a source of the command, of the module and of an ingest in shards."""

from __future__ import annotations

import gzip
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from sharding_items import item

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.cli.main import BAD_SETTINGS, COMPLETE, INCOMPLETE, main
from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs import OUTPUTS, kept_in_files, read_output
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard

ITEMS = 60
IDS = [f"i{number:04d}" for number in range(ITEMS)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 60 items with each output, from a source with a broken item and one whose value is changed."""
    folder = tmp_path_factory.mktemp("written")
    source = folder / "source"
    source.mkdir()
    for number in range(ITEMS):
        found = item(number)
        if number == 1:
            found["properties"]["x"] = math.nan
        (source / f"{number}.json").write_text(json.dumps(found))
    (source / "broken.json").write_text("{")
    for name in kept_in_files():
        assert main([str(source), "--to", name, "--output", str(folder / name)]) == INCOMPLETE
        assert {"certificate.json", "failures.ndjson", "notes.ndjson"} <= {
            path.name for path in (folder / name).iterdir()
        }
    (source / "broken.json").unlink()
    sharded(source, folder / "sharded")
    (folder / "packed").mkdir()
    for path in (folder / "items/items").iterdir():
        (folder / f"packed/{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    text = (folder / "ndjson/items.ndjson").read_bytes()
    (folder / "lines").mkdir()
    (folder / "lines/a.ndjson.gz").write_bytes(gzip.compress(text))
    return folder


def sharded(source: Path, output: Path, **more: Any) -> list[str]:
    """Ingest in three shards, and return the ids in the output."""
    plan = plan_ingest(ShardedIngest.parse({"source": str(source), "output": str(output), "shards": 3, **more}))
    for shard in plan.shards:
        run_shard(plan, shard.number)
    assert finalize_ingest(plan).failures == 0
    return sorted(found["id"] for found in read_output("geoparquet", output / "items"))


SOURCES = [
    *(name for name in kept_in_files() if name != "catalog"),
    "catalog/catalog.json",
    "sharded",
    "packed",
    "lines",
    "items/items",
    "sharded/items",
    "ndjson/items.ndjson",
    "lines/a.ndjson.gz",
    "geoparquet/part-00000.parquet",
]
LAKES = ("delta", "iceberg")
"""Tables whose version is noted, and that aren't cut into shards."""


def told(notes: list[str]) -> list[str]:
    """Leave out what is said of every catalog: how many links were followed."""
    return [note for note in notes if "documents of items" not in note]


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", kept_in_files())
def test_the_command_reads_it(written: Path, tmp_path: Path, source: str, name: str) -> None:
    """All items come, nothing else does, and the verdict is plain."""
    out = tmp_path / "out"
    assert main([str(written / source), "--to", name, "--output", str(out)]) == COMPLETE
    certificate = json.loads((out / "certificate.json").read_text())
    assert (certificate["verdict"], certificate["items"]) == ("complete", ITEMS)
    notes = told(certificate["notes"])
    assert all(f"current rows, {ITEMS} in number" in note for note in notes)
    assert len(notes) == (source in LAKES)
    assert sorted(found["id"] for found in read_output(name, out / OUTPUTS[name].subfolder)) == IDS


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_the_module_reads_it(written: Path, source: str, concurrency: int) -> None:
    """The same items come from the module."""
    module = IngestModule({"mode": "file", "source": str(written / source), "concurrency": concurrency})
    context = WorkflowContext()
    assert sorted([found["id"] async for found in module.fetch(context)]) == IDS
    assert context.failure_collector.get_all() == []
    assert len(told(module.summary.notes)) == (source in LAKES)


@pytest.mark.parametrize("source", [source for source in SOURCES if source not in (*LAKES, "catalog/catalog.json")])
def test_shards_read_it(written: Path, tmp_path: Path, source: str) -> None:
    """The same items come in shards."""
    assert sharded(written / source, tmp_path / "out") == IDS


@pytest.mark.parametrize("source", LAKES)
def test_shards_say_what_reads_a_table(written: Path, tmp_path: Path, source: str) -> None:
    """A table with a history isn't cut; the message has the command that reads it."""
    with pytest.raises(ConfigurationError, match=f"can't be cut into shards; use `stac-ingest .*{source}`"):
        sharded(written / source, tmp_path / "out")


@pytest.mark.parametrize("where", ["ndjson", "items", "geoparquet"])
def test_an_item_that_is_called_like_a_report_is_read(written: Path, tmp_path: Path, where: str) -> None:
    """A report is known by its content: items of these names come."""
    source = tmp_path / "source"
    shutil.copytree(written / where, source)
    shutil.rmtree(source / ".checkpoints", ignore_errors=True)
    inner = source if where != "geoparquet" else source / "more"
    inner.mkdir(exist_ok=True)
    (inner / "manifest.json").write_text(json.dumps(item(100)))
    (inner / "certificate.json").write_text(json.dumps(item(101)))
    (inner / "notes.ndjson").write_text(json.dumps(item(102)) + "\n")
    out = tmp_path / "out"
    arguments = [str(source), "--to", "ndjson", "--output", str(out)]
    if where == "geoparquet":
        arguments += ["--format", "json"]
    assert main(arguments) in {COMPLETE, INCOMPLETE}
    ids = {found["id"] for found in read_output("ndjson", out)}
    assert {"i0100", "i0101"} <= ids


def test_a_file_of_lines_is_cut_at_any_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file of lines is several shards, whose certificates say so, and a changed file is refused."""
    from stac_ingest.sources.lines import spans  # noqa: PLC0415 - its size of a span is set here

    monkeypatch.setattr(spans, "SPAN", 4096)
    source = tmp_path / "a.ndjson"
    source.write_text("".join(f"{json.dumps(item(number))}\n" for number in range(200)))
    plan = plan_ingest(ShardedIngest.parse({"source": str(source), "output": str(tmp_path / "out"), "shards": 5}))
    assert len(plan.shards) == 5
    reports = [run_shard(plan, shard.number) for shard in plan.shards]
    assert all(report.ingest.items > 20 for report in reports)
    assert finalize_ingest(plan).items == 200
    assert len(list(read_output("geoparquet", tmp_path / "out/items"))) == 200
    source.write_text(json.dumps(item(1)))
    with pytest.raises(Exception, match="has changed since it was planned"):
        run_shard(plan, 0)


def test_what_is_written_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output in the folder that is read is refused before anything is written, by the command and in shards."""
    (tmp_path / "a.json").write_text('{"type": "Feature", "id": "a", "properties": {}}')
    for output in (tmp_path, tmp_path / "new" / "out"):
        assert main([str(tmp_path), "--to", "ndjson", "--output", str(output)]) == BAD_SETTINGS
        assert "give a folder outside of it" in capsys.readouterr().err
        with pytest.raises(ConfigurationError, match="give a folder outside of it"):
            ShardedIngest.parse({"source": str(tmp_path), "output": str(output)})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
