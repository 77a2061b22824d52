"""The output of a sync is read by its manifest: by the commands, by the sources, and while it is published."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading

import pytest

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sources.synced import parts_of_sync
from stac_ingest.sync.manifest_file import read_manifest
from synced_generations import Drop, Generations, ids, item


@pytest.fixture
def output(tmp_path):
    """Make an output with parts that the manifest doesn't name: replaced ones, and those of a killed run."""
    made = Generations(tmp_path / "out")
    made.run([item(f"i{number}") for number in range(10)] + [item("other", 2)])
    made.run([item("i1", changed=1)], {"i2": Drop.REMOVED})
    made.merge([item("never published")])
    (tmp_path / "out/changes").mkdir()
    (tmp_path / "out/changes/00000002.ndjson").write_text('{"what": "gone"}\n')
    return made.settings.output


HELD = {*(f"i{number}" for number in range(10) if number != 2), "other"}


def command(*words):
    line = [sys.executable, "-m", "stac_ingest", *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def read(folder):
    async def items():
        module, context = IngestModule({"mode": "file", "source": str(folder)}), WorkflowContext()
        found = [one async for one in module.fetch(context)]
        return found, module.summary, context.failure_collector.get_all()

    return asyncio.run(items())


def test_a_source_reads_just_what_the_manifest_names(output):
    """Items of replaced and of unpublished parts don't come, nor lines of the journal; folders add no property."""
    items, summary, failures = read(output)
    assert not failures
    assert sorted(one["id"] for one in items) == sorted(HELD)
    assert summary.duplicates == 0
    assert {name for one in items for name in one["properties"]} == {"datetime", "changed"}


def test_commands_read_by_the_manifest(output, tmp_path):
    """Ingest, audit and check see the items of the manifest alone, and find nothing wrong."""
    code, _, words = command(output, "--to", "ndjson", "--output", tmp_path / "copy")
    assert code == 0, words
    assert len((tmp_path / "copy/items.ndjson").read_bytes().splitlines()) == len(HELD)
    code, _, words = command(
        "audit", output, "--against", tmp_path / "copy/items.ndjson", "--report", tmp_path / "report"
    )
    assert code == 0, words
    code, lines, words = command("check", output, "--json")
    assert code == 0, words
    assert json.loads(lines.splitlines()[0])["what"] == f"{len(HELD)} in 2 files"


def test_the_manifest_is_no_item_of_a_folder_above(output):
    """A pattern that matches the files of an output takes its manifest for a report, and not for a broken item."""
    (output.parent / "beside.json").write_text(json.dumps(item("beside")))
    items, _, failures = read(f"{output.parent}/*.json\n{output}/*.json")
    assert [one["id"] for one in items] == ["beside"]
    assert not failures


def test_an_output_without_items_is_read(tmp_path):
    """A sync that holds nothing is a source of no items, and no error."""
    made = Generations(tmp_path / "out")
    made.run([item("a")])
    made.run([], {"a": Drop.REMOVED})
    assert read(tmp_path / "out")[0] == []


def test_a_part_that_is_missing_is_no_silence(output, tmp_path):
    """A part that the manifest names and that isn't there is named, and the copy isn't complete."""
    (path, _) = parts_of_sync(output)
    (output / path).unlink()
    code, _, words = command(output, "--to", "ndjson", "--output", tmp_path / "copy")
    assert code == 1
    assert path in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "can't be read"),
        ('{"version": 3, "generation": 1, "partitions": []}', "version 3"),
        ('{"version": 2, "generation": 1, "partitions": [{"parts": [{"path": "../x.parquet"}]}]}', "no part of a sync"),
        ('{"version": 2, "generation": 1, "partitions": 7}', "can't be read"),
    ],
)
def test_a_manifest_that_cannot_be_used(text, words, output):
    """A manifest that is broken, of another release, or names files elsewhere is refused with what to do."""
    (output / "manifest.json").write_text(text)
    with pytest.raises(DataProcessingError, match=words):
        parts_of_sync(output)
    with pytest.raises(DataProcessingError):
        read(output)
    with pytest.raises(DataProcessingError):
        read_manifest(output)


def test_before_the_first_run_has_ended(tmp_path):
    """What a first run has written so far is no output yet; the message says so."""
    made = Generations(tmp_path / "out")
    made.merge([item("a")])
    with pytest.raises(DataProcessingError, match="no sync has ended here yet"):
        read(tmp_path / "out")
    assert read_manifest(tmp_path / "out") is None


@pytest.mark.parametrize("name", ["part-00000.parquet", "manifest.json", "items.ndjson", ".checkpoints"])
def test_another_output_is_refused(name, tmp_path):
    """A folder that holds what no sync wrote, an ingest in shards included, isn't synced to; the message names it."""
    (tmp_path / "items").mkdir()
    (tmp_path / name).write_text(json.dumps({"version": 1, "verdict": "complete", "items": 0, "parts": []}))
    with pytest.raises(ConfigurationError, match=name):
        read_manifest(tmp_path)


def test_an_object_store_is_refused(tmp_path):
    """A sync to an object store ends with a sentence, and writes nothing, not even a folder of such a name."""
    (tmp_path / "items").mkdir()
    (tmp_path / "items/a.json").write_text(json.dumps(item("a")))
    line = [sys.executable, "-m", "stac_ingest", "sync", "items", "--output", "s3://bucket/items"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "give one, and the URL of the store by copy_to" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["items"]


def test_a_reader_at_all_times(tmp_path):
    """Whoever reads by the manifest while runs are published finds each item that stays once, in every reading."""
    made = Generations(tmp_path / "out", part_items=20)
    stays = [item(f"s{number}", number % 3 + 1) for number in range(40)]
    made.run(stays)
    wrong, readings, ended = [], [], threading.Event()

    def reader():
        while not ended.is_set():
            found = ids(tmp_path / "out")
            readings.append(1)
            wrong.extend(name for name, count in found.items() if count != 1)
            wrong.extend(one["id"] for one in stays if one["id"] not in found)

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        for run in range(6):
            moved = [item(f"s{number}", (number + run) % 3 + 1, run=run) for number in range(run % 4, 40, 4)]
            made.run([*moved, item(f"new{run}", 1)], {f"new{run - 1}": Drop.REMOVED} if run else {})
    finally:
        ended.set()
        thread.join()
    assert readings
    assert not wrong
