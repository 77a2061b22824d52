"""What happens to the output: the disk is full, the folder goes or can't be written to, the checkpoint is damaged."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from functools import partial

import orjson
import pyarrow.parquet as pq
import pytest

from stac_ingest.checkpoints.journal import Journal
from stac_ingest.checkpoints.positions import SourcePositions
from stac_ingest.cli.main import main
from stac_ingest.module import IngestModule
from stac_ingest.sources.directory.source import SLICE

ITEMS = 2_500
"""More than two batches of NDJSON."""
BATCH = 1_000


def item(number):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number:04}",
        "geometry": {"type": "Point", "coordinates": [number % 180, 1.0]},
        "bbox": [number % 180, 1.0, number % 180, 1.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Make a folder of item files."""
    folder = tmp_path_factory.mktemp("source")
    for number in range(ITEMS):
        (folder / f"i{number:04}.json").write_bytes(orjson.dumps(item(number)))
    return folder


def arguments(source, kind, out, *more):
    return [str(source), "--to", kind, "--output", str(out), *more]


def written(kind, out):
    """List the ids in an output, as often as they are there."""
    if kind == "items":
        return sorted(orjson.loads(path.read_bytes())["id"] for path in (out / "items").glob("*.json"))
    if kind == "ndjson":
        return sorted(orjson.loads(line)["id"] for line in (out / "items.ndjson").read_bytes().splitlines())
    parts = out.glob("part-*.parquet")
    return sorted(one for path in parts for one in pq.read_table(path, columns=["id"])["id"].to_pylist())


def everything():
    return [item(number)["id"] for number in range(ITEMS)]


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of the test's own; a function changes its options."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, check=False)

    if shutil.which("mount") is None or mount("size=64m").returncode:
        pytest.skip("file systems can't be mounted here")
    yield disk, lambda options: mount(f"remount,{options}")
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize(("kind", "size"), [("ndjson", "512k"), ("items", "6m"), ("geoparquet", "64k")])
def test_a_full_disk_costs_nothing_that_was_reported(source, small_disk, kind, size, capfd):
    """When the disk is full, exit code 3 and a line name it; with room again, --resume ends with each item once."""
    disk, remount = small_disk
    remount(f"size={size}")
    out = disk / "out"
    assert main(arguments(source, kind, out)) == 3
    shown = capfd.readouterr().err
    assert "No space left" in shown.splitlines()[-1]
    assert str(disk) in shown.splitlines()[-1]
    assert "Traceback" not in shown
    remount("size=64m")
    assert main(arguments(source, kind, out, "--resume")) == 0
    assert written(kind, out) == everything()


def test_a_file_that_may_not_grow_is_like_a_full_disk(source, tmp_path):
    """A limit on file sizes ends the run by name; what was marked is there, and a resumed run does the rest."""
    out = tmp_path / "out"
    size = BATCH * len(orjson.dumps(item(0))) * 3 // 2
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
    command = [sys.executable, "-m", "stac_ingest", *arguments(source, "ndjson", out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, preexec_fn=limit)
    assert done.returncode == 3
    assert str(out) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert main(arguments(source, "ndjson", out, "--resume")) == 0
    assert written("ndjson", out) == everything()
    assert orjson.loads((out / "certificate.json").read_bytes())["skipped"] >= BATCH


@pytest.fixture
def interrupted(source, monkeypatch):
    """Give a function that runs an ingest to some point after its second batch, and returns what resumes it."""

    def run(kind, out):
        with monkeypatch.context() as patch:
            patch.setattr("stac_ingest.outputs.geoparquet.GeoParquetOutput.__init__.__kwdefaults__", SMALL_PARTS)
            after(patch, 2_200, sys.exit)
            with pytest.raises(SystemExit):
                main(arguments(source, kind, out))
        return partial(main, arguments(source, kind, out, "--resume"))

    return run


@pytest.mark.parametrize("kind", ["ndjson", "items", "geoparquet"])
def test_a_folder_that_can_not_be_written_to_any_more(interrupted, small_disk, kind, capfd):
    """A file system that is read-only is named, changes nothing, and the run goes on when that is mended."""
    disk, remount = small_disk
    resume = interrupted(kind, disk / "out")
    remount("ro")
    assert resume() == 2
    shown = capfd.readouterr().err.splitlines()
    assert len(shown) == 1
    assert str(disk) in shown[0]
    remount("rw")
    assert resume() == 0
    assert written(kind, disk / "out") == everything()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(source, tmp_path, capfd):
    """A folder that belongs to others is a wrong setting, told in one line."""
    out = tmp_path / "out"
    out.mkdir(mode=0o555)
    assert main(arguments(source, "ndjson", out)) == 2
    shown = capfd.readouterr().err.splitlines()
    assert len(shown) == 1
    assert f"can't write to the output folder {out}" in shown[0]


@pytest.mark.parametrize("kind", ["ndjson", "items", "geoparquet"])
def test_a_folder_that_goes_is_noticed(source, tmp_path, kind, monkeypatch, capfd):
    """When the output folder is removed in the middle the run ends by name, and is never called complete."""
    out = tmp_path / "out"

    def remove():
        while out.exists():  # a batch may be on its way
            shutil.rmtree(out, ignore_errors=True)

    after(monkeypatch, 1_700, remove)
    assert main(arguments(source, kind, out)) == 3
    shown = capfd.readouterr().err
    assert "Traceback" not in shown
    assert str(out) in shown.splitlines()[-1]
    monkeypatch.undo()
    assert main(arguments(source, kind, out)) == 0
    assert written(kind, out) == everything()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ndjson", "items", "geoparquet"])
@pytest.mark.parametrize("lost", ["its end", "nearly all", "all"])
def test_a_damaged_checkpoint_leads_to_no_item_twice(interrupted, tmp_path, kind, lost, caplog):
    """A truncated checkpoint is set aside and named, and a resumed run ends with each item once all the same."""
    out = tmp_path / "out"
    resume = interrupted(kind, out)
    (journal,) = out.glob(".checkpoints/*/items.journal")
    os.truncate(journal, {"its end": journal.stat().st_size - 20, "nearly all": 20, "all": 0}[lost])
    assert resume() == 0
    assert f"_{journal.name}.corrupt" in caplog.text
    assert written(kind, out) == everything()


def test_a_part_with_collections_of_two_types_says_what_it_holds(tmp_path):
    """Where the records are damaged, items are known again whose collections had to become JSON texts."""
    source, out = tmp_path / "items.ndjson", tmp_path / "out"
    items = [
        {
            "type": "Feature",
            "id": "abcd"[number],
            "collection": name,
            "geometry": None,
            "properties": {"datetime": None},
        }
        for number, name in enumerate(["c", "c", 5, None])
    ]
    source.write_bytes(b"\n".join(map(orjson.dumps, items)))
    assert main(arguments(source, "geoparquet", out)) == 0
    (journal,) = out.glob(".checkpoints/*/items.journal")
    os.truncate(journal, 20)
    assert main(arguments(source, "geoparquet", out, "--resume")) == 0
    assert orjson.loads((out / "certificate.json").read_bytes())["written"] == 0
    assert len(list(out.glob("part-*.parquet"))) == 1


def test_what_is_read_again_does_not_add_up(source, tmp_path, monkeypatch):
    """However often a run ends between marking a batch and noting its place, the next reads that one batch again."""
    out, marked = tmp_path / "out", []
    mark, commit = Journal.mark_together, SourcePositions.commit

    def commit_unless_marked(positions, positions_read):
        if marked:
            raise OSError("killed")
        commit(positions, positions_read)

    def mark_and_tell(checkpoints, found):
        marked.extend(found)
        mark(checkpoints, found)

    with monkeypatch.context() as patch:
        patch.setattr(SourcePositions, "commit", commit_unless_marked)
        patch.setattr(Journal, "mark_together", mark_and_tell)
        for more in ([], ["--resume"]):
            marked.clear()
            assert main(arguments(source, "ndjson", out, *more)) == 3
    assert main(arguments(source, "ndjson", out, "--resume")) == 0
    assert written("ndjson", out) == everything()
    found = orjson.loads((out / "certificate.json").read_bytes())
    assert 2 * BATCH <= found["skipped"] <= 2 * (BATCH + SLICE)
    assert found["read_again"] <= BATCH + 2 * SLICE


SMALL_PARTS = {"row_group_items": 500, "part_items": 1_000, "on_part": None}


def after(monkeypatch, count, act):
    """Let something happen once so many items were ingested."""
    fetch = IngestModule.fetch_rows

    async def fetch_and_act(module, context, *, as_lines):
        passed = 0
        async for rows in fetch(module, context, as_lines=as_lines):
            if passed <= count < passed + len(rows.keys):
                act()
            passed += len(rows.keys)
            yield rows

    monkeypatch.setattr(IngestModule, "fetch_rows", fetch_and_act)
