from __future__ import annotations

import errno
import json
import math
import os
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.checkpoints.journal import Journal
from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.context import WorkflowContext
from stac_ingest.core.id_set import key_of
from stac_ingest.core.rows import LineRows
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.failures import FailureCollector
from stac_ingest.outputs import (
    OUTPUTS,
    GeoParquetOutput,
    ItemFilesOutput,
    NdjsonOutput,
    kept_in_files,
    make_output,
    read_output,
)
from stac_ingest.outputs import directory as folder_module
from stac_ingest.outputs.directory import OutputFolder
from stac_ingest.outputs.geoparquet import read_part
from stac_ingest.outputs.json_files import read_file
from stac_ingest.outputs.ndjson import read_lines, unmarked_tail
from stac_ingest.pipeline import run_pipeline
from stac_ingest.pipeline.result import PipelineResult

IN_FOLDERS = kept_in_files()
"""Outputs that write to the folder that they are given."""


def context(checkpoints=None):
    return SimpleNamespace(checkpoints=checkpoints, failure_collector=None)


def item(item_id, **properties):
    return {"type": "Feature", "id": item_id, "properties": properties}


async def write(output, items, ctx=None):
    ctx = ctx or context()
    await output.start(ctx)
    try:
        for one in items:
            await output.bundle(one, ctx)
        return await output.finalize(ctx)
    finally:
        await output.close()


def names_in(folder):
    return [entry.name for entry in folder.iterdir()]


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


async def test_ndjson_has_one_item_a_line(tmp_path):
    """Items come out as they went in, and the manifest counts items and bytes."""
    items = [item(f"i{number}", text="line\nbreak ü") for number in range(50)]
    manifest = await write(NdjsonOutput(tmp_path, batch_bytes=300), items)
    path = tmp_path / "items.ndjson"
    assert lines(path) == items
    assert manifest == {"items": 50, "bytes": path.stat().st_size, "paths": [str(path)]}
    assert names_in(tmp_path) == ["items.ndjson"]


async def test_ndjson_appears_under_its_name_only_when_whole(tmp_path):
    """Until finalize the file is called `.part`; an earlier result stays until it is replaced."""
    (tmp_path / "items.ndjson").write_text("earlier\n")
    output = NdjsonOutput(tmp_path, batch_bytes=1)
    ctx = context()
    await output.bundle(item("a"), ctx)
    await output.close()
    assert (tmp_path / "items.ndjson").read_text() == "earlier\n"
    assert (tmp_path / "items.ndjson.part").exists()
    await write(NdjsonOutput(tmp_path), [item("b")])
    assert [one["id"] for one in lines(tmp_path / "items.ndjson")] == ["b"]
    assert not (tmp_path / "items.ndjson.part").exists()


async def test_item_files_have_one_item_each(tmp_path):
    """Each item is in the file of its id, and the manifest counts them."""
    items = [item(f"S2A_{number}") for number in range(25)]
    manifest = await write(ItemFilesOutput(tmp_path, batch_items=10), items)
    assert {path.name for path in tmp_path.iterdir()} == {f"S2A_{number}.json" for number in range(25)}
    assert json.loads((tmp_path / "S2A_3.json").read_bytes()) == items[3]
    assert manifest["items"] == 25
    assert manifest["bytes"] == sum(path.stat().st_size for path in tmp_path.iterdir())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.text(max_size=8)
        | st.sampled_from(["../x", "/etc/x", "a\x00", "A", "a", "CON", "x" * 300, "x.", ".item.part"]),
        unique=True,
        max_size=12,
    )
)
async def test_item_files_stay_in_their_folder_and_apart(tmp_path_factory, ids):
    """Whatever ids strangers choose, there is one file per item, in the folder, on any file system."""
    ids = [item_id for item_id in ids if item_id.isprintable() or "\x00" in item_id]
    parent = tmp_path_factory.mktemp("parent")
    folder = parent / "out"
    await write(ItemFilesOutput(folder), [item(item_id) for item_id in ids])
    assert names_in(parent) == ["out"]
    names = names_in(folder)
    assert len({name.lower() for name in names}) == len(ids)
    assert sorted(json.loads((folder / name).read_bytes())["id"] for name in names) == sorted(ids)


async def test_links_planted_in_the_folder_are_not_followed(tmp_path):
    """A symbolic link under a name that is about to be written never leads a write elsewhere."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("a.json", "items.ndjson"):
        (folder / name).symlink_to(victim)
    await write(ItemFilesOutput(folder), [item("a")])
    await write(NdjsonOutput(folder), [item("a")])
    assert victim.read_text() == "precious"
    assert not (folder / "a.json").is_symlink()
    (folder / ".item.part").symlink_to(victim)
    await write(ItemFilesOutput(folder), [item("a")])
    (folder / "items.ndjson.part").symlink_to(victim)
    await write(NdjsonOutput(folder), [item("a")])
    assert victim.read_text() == "precious"
    assert not (folder / "items.ndjson").is_symlink()


@pytest.mark.parametrize("plant", [lambda path, victim: path.hardlink_to(victim), lambda path, _: os.mkfifo(path)])
async def test_what_was_planted_is_replaced(tmp_path, plant):
    """A hard link to a file elsewhere, or a FIFO, under a name about to be written is removed, not written to."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "out"
    folder.mkdir()
    plant(folder / ".item.part", victim)
    plant(folder / "items.ndjson.part", victim)
    await write(ItemFilesOutput(folder), [item("a")])
    await write(NdjsonOutput(folder), [item("b")])
    assert victim.read_text() == "precious"
    assert [one["id"] for one in lines(folder / "items.ndjson")] == ["b"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs paths of descriptors")  # noqa: PTH112 - as the product asks
@pytest.mark.parametrize("name", IN_FOLDERS)
async def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(tmp_path, name):
    """When the output folder becomes a link while items come, all still goes to the folder that it was."""
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    output, ctx = make_output(name, folder), context()
    await output.start(ctx)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(elsewhere)
    geometry = {"type": "Point", "coordinates": [1.0, 2.0]}
    for number in range(3):
        await output.bundle({**item(f"i{number}"), "geometry": geometry}, ctx)
    assert (await output.finalize(ctx))["items"] == 3
    assert names_in(elsewhere) == []
    assert names_in(tmp_path / "moved") != []


@pytest.mark.parametrize("kind", [ItemFilesOutput, NdjsonOutput])
async def test_an_item_that_json_can_not_hold_is_an_item_error(tmp_path, kind):
    """An unencodable item is refused by itself; the others are written."""
    output, ctx = kind(tmp_path), context()
    await output.start(ctx)
    with pytest.raises(ItemError, match="JSON"):
        await output.bundle(item("a", no_json={1, 2}), ctx)
    await output.bundle(item("b"), ctx)
    assert (await output.finalize(ctx))["items"] == 1


@pytest.mark.parametrize("kind", [ItemFilesOutput, NdjsonOutput])
async def test_integers_of_any_size_are_kept(tmp_path, kind):
    """An integer of more than 64 bits is written digit by digit, and so is what is beside it."""
    odd = item("a", large=-(2**70), text="ü\n", ratio=0.1, flag=True, nothing=None)
    await write(kind(tmp_path), [odd, item("b")])
    (path,) = [path for path in tmp_path.iterdir() if path.name in {"a.json", "items.ndjson"}]
    assert json.loads(path.read_bytes().splitlines()[0]) == odd


@pytest.mark.parametrize("name", IN_FOLDERS)
async def test_what_the_command_wrote_is_read_back(tmp_path, name):
    """The folder that the command was given holds items alone, reports aside, with integers of any size as they are."""
    point = {"type": "Point", "coordinates": [1.0, 2.0]}
    odd = {**item("a", datetime="2024-01-01T00:00:00Z", large=2**70), "geometry": point, "bbox": [1.0, 2.0, 1.0, 2.0]}
    await write(make_output(name, tmp_path / OUTPUTS[name].subfolder), [odd])
    (tmp_path / "certificate.json").write_text("{}")
    (found,) = read_output(name, tmp_path)
    assert (found["id"], found["properties"]["large"]) == ("a", 2**70)
    assert list(read_output(name, tmp_path / OUTPUTS[name].subfolder)) == [found]


@pytest.mark.parametrize("kind", [ItemFilesOutput, NdjsonOutput, GeoParquetOutput])
async def test_numbers_that_json_lacks_are_named(tmp_path, kind):
    """NaN and the infinities are text in `nodata`, as the raster extension has it, else left out, and each is named."""
    bands = [{"nodata": math.nan, "scale": 1.5}, {"nodata": -math.inf}, {"nodata": 0}]
    odd = {**item("a", gsd=math.inf, nothing=None, list=[1.5, math.nan]), "assets": {"data": {"raster:bands": bands}}}
    odd["geometry"] = None
    ctx = WorkflowContext()
    manifest = await write(kind(tmp_path), [odd], ctx)
    assert manifest["items"] == 1
    (got,) = [one async for one in read_back(tmp_path)]
    assert [band["nodata"] for band in got["assets"]["data"]["raster:bands"]] == ["nan", "-inf", 0]
    assert "gsd" not in got["properties"]
    assert got["properties"]["list"] == [1.5, None]
    assert [(change.member, change.what.partition(" ")[0]) for change in ctx.changes.get_all()] == [
        ("properties.gsd", "inf"),
        ("properties.list", "nan"),
        ("assets.data.raster:bands.nodata", "nan"),
        ("assets.data.raster:bands.nodata", "-inf"),
    ]


async def read_back(folder):
    """Read the items of any output."""
    (path,) = [path for path in folder.iterdir() if path.suffix in {".json", ".ndjson", ".parquet"}]
    for one in {".json": read_file, ".ndjson": read_lines, ".parquet": read_part}[path.suffix](path):
        yield one


@pytest.mark.parametrize("name", ["items", "ndjson"])
async def test_a_full_disk_names_the_folder_and_completes_nothing(tmp_path, monkeypatch, name):
    """When the disk is full the error names the folder, and no item is marked that isn't on disk."""

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for writing in ("directory.write_all", "ndjson.write_lines"):
        monkeypatch.setattr(f"stac_ingest.outputs.{writing}", full)
    checkpoints = CheckpointManager("w", "c", tmp_path / "checkpoints")
    with pytest.raises(DataProcessingError, match=f"{tmp_path / 'out'}.*No space left"):
        await write(make_output(name, tmp_path / "out"), [item("a")], context(checkpoints))
    assert checkpoints.completed_count == 0


@pytest.mark.parametrize("name", IN_FOLDERS)
async def test_a_folder_that_can_not_be_made_is_a_configuration_error(tmp_path, name):
    """An output folder below a file is refused at the start, by name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=str(tmp_path / "file" / "out")):
        await make_output(name, tmp_path / "file" / "out").start(context())


def test_an_unknown_output_is_named():
    """A format that doesn't exist is refused with the list of those that do."""
    with pytest.raises(ConfigurationError, match=r"'csv' is not known; use one of ndjson, .*, items, geoparquet"):
        make_output("csv", "x")


@pytest.mark.parametrize("kind", [ItemFilesOutput, NdjsonOutput])
async def test_items_are_completed_only_when_they_are_on_disk(tmp_path, monkeypatch, kind):
    """The order is write, wait for the disk, mark."""
    events = []
    checkpoints = CheckpointManager("w", "c", tmp_path / "checkpoints", buffer_size=10_000)
    fsync, mark = os.fsync, checkpoints.mark_together
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("sync"), fsync(fd)))
    sync_everything = OutputFolder.sync_everything
    monkeypatch.setattr(
        folder_module.OutputFolder, "sync_everything", lambda self: (events.append("sync"), sync_everything(self))
    )
    checkpoints.mark_together = lambda written: (events.append("mark"), mark(written))
    output, ctx = kind(tmp_path / "out", batch_bytes=1), context(checkpoints)
    await output.bundle(item("a"), ctx)
    await output.bundle(item("b"), ctx)
    await output.close()
    assert events == ["sync", "mark"] * 2
    assert checkpoints.completed_count == 2


@pytest.mark.parametrize("name", IN_FOLDERS)
async def test_a_run_that_fails_counts_as_written_what_the_next_one_finds(tmp_path, name):
    """Items that an output had taken and not yet written, when a run ended early, aren't reported as written."""
    items = [item(f"i{number}", datetime="2024-01-01T00:00:00Z") | {"geometry": None} for number in range(7)]

    async def run(source, *, fails):
        async def fetch(ctx):
            for one in source:
                yield one
            if fails:
                raise DataProcessingError("the source is gone")

        result = PipelineResult()
        with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
            ctx = SimpleNamespace(checkpoints=checkpoints, failure_collector=FailureCollector())
            output = make_output(name, tmp_path / "out")
            with suppress(DataProcessingError):
                await run_pipeline(SimpleNamespace(fetch=fetch), [], output, ctx, result=result)
        return result

    first = await run(items[:5], fails=True)
    second = await run(items, fails=False)
    assert (second.skipped, second.written) == (first.written, 7 - first.written)


async def test_without_checkpoints_nothing_waits_for_the_disk_before_the_end(tmp_path, monkeypatch):
    """Where nothing is promised early, only finalize waits for the disk."""
    calls = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append(fd), fsync(fd)))
    output, ctx = NdjsonOutput(tmp_path, batch_bytes=1), context()
    for number in range(10):
        await output.bundle(item(f"i{number}"), ctx)
    assert calls == []
    await output.finalize(ctx)
    assert calls


async def interrupted(tmp_path, *, marked, written):
    """Leave an NDJSON output in which `written` items are on disk and `marked` of them are known to the checkpoint."""
    await write(NdjsonOutput(tmp_path / "out"), [item(f"i{number}") for number in range(written)])
    (tmp_path / "out" / "items.ndjson").rename(tmp_path / "out" / "items.ndjson.part")
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        for number in range(marked):
            checkpoints.mark_completed(f"i{number}")
    return tmp_path / "out" / "items.ndjson.part"


@pytest.mark.parametrize("ending", [b"", b'{"id": "half', b"\x00\x00\x00\x00", b'\x00\x00\n{"id": "after"}\n', b"[]\n"])
async def test_ndjson_resumes_behind_its_last_sound_line(tmp_path, ending):
    """Whole lines are kept and marked, what follows is cut off, and each item ends up there once."""
    part = await interrupted(tmp_path, marked=3, written=5)
    with part.open("ab") as stream:
        stream.write(ending)
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        output, ctx = NdjsonOutput(tmp_path / "out"), context(checkpoints)
        await output.start(ctx)
        assert checkpoints.completed_count == 5
        manifest = await write(output, [item("i5")], ctx)
    assert [one["id"] for one in lines(tmp_path / "out" / "items.ndjson")] == [f"i{number}" for number in range(6)]
    assert manifest["items"] == 6


@pytest.mark.parametrize("records", [CheckpointManager, partial(Journal, resume=True)])
async def test_items_of_several_collections_are_marked_in_one_flush(tmp_path, records):
    """No kill leaves a line without its mark among marked ones: only those at the end are looked for on resume."""
    ctx = context(records("ndjson", "c", tmp_path / "checkpoints"))
    items = [{**item(str(number)), "collection": "d" if number == 500 else "c"} for number in range(1002)]
    output = NdjsonOutput(tmp_path / "out")
    await output.start(ctx)
    await output.bundle_rows(LineRows(list(map(key_of, items)), [json.dumps(one).encode() for one in items]))
    await output.close()
    killed = records("ndjson", "c", tmp_path / "checkpoints")  # knows what has reached the disk
    assert all(killed.is_completed(*reversed(key_of(one))) for one in items)


async def test_ndjson_goes_on_with_a_finished_file(tmp_path):
    """A finished run whose failures are tried again adds to its file."""
    for items in ([item("a")], [item("b")]):
        with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
            await write(NdjsonOutput(tmp_path), items, context(checkpoints))
    assert [one["id"] for one in lines(tmp_path / "items.ndjson")] == ["a", "b"]


@pytest.mark.parametrize("loss", ["removed", "emptied"])
async def test_a_lost_file_is_noticed_on_resume(tmp_path, loss):
    """A checkpoint whose output has gone must not lead to a file without those items."""
    part = await interrupted(tmp_path, marked=3, written=3)
    if loss == "removed":
        part.unlink()
    else:
        part.write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"3 items in .* not there"):
        await write(NdjsonOutput(tmp_path / "out"), [], context(CheckpointManager("w", "c", tmp_path / "checkpoints")))


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 12),
    marked=st.integers(0, 12),
    padding=st.integers(0, 40),
    ending=st.binary(max_size=12).filter(lambda data: b"\n" not in data),
    block=st.integers(1, 64),
)
def test_the_tail_is_found_whatever_the_blocks(tmp_path_factory, *, count, marked, padding, ending, block):
    """Reading backwards in blocks of any size finds exactly the lines without a mark."""
    path = tmp_path_factory.mktemp("tail") / "file"
    data = b"".join(b'{"id":"%d","p":"%s"}\n' % (number, b"x" * padding) for number in range(count))
    path.write_bytes(data + ending)
    known = {("", str(number)) for number in range(min(marked, count))}
    descriptor = os.open(path, os.O_RDONLY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stac_ingest.outputs.ndjson._BLOCK", block)
        tail = unmarked_tail(descriptor, known.__contains__)
    os.close(descriptor)
    assert tail.keep == len(data)
    assert tail.unmarked == [("", str(number)) for number in range(len(known), count)]
    assert tail.marked == bool(known)


async def test_resuming_reads_only_the_end_of_the_file(tmp_path, monkeypatch):
    """A resume looks at the lines without a mark and one more, however long the file is."""
    part = await interrupted(tmp_path, marked=990, written=1000)
    parsed = []
    monkeypatch.setattr(
        "stac_ingest.outputs.ndjson.key_of_line", lambda line: (parsed.append(1), ("", json.loads(line)["id"]))[1]
    )
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        descriptor = os.open(part, os.O_RDONLY)
        assert len(unmarked_tail(descriptor, lambda key: checkpoints.is_completed(key[1])).unmarked) == 10
        os.close(descriptor)
    assert len(parsed) == 11


@pytest.mark.parametrize("kind", [ItemFilesOutput, NdjsonOutput])
async def test_the_event_loop_is_never_blocked(tmp_path, kind):
    """Writing, waiting for the disk and marking happen in a thread, so that requests go on meanwhile."""
    with CheckpointManager("w", "c", tmp_path / "checkpoints", buffer_size=2) as checkpoints, blockbuster_ctx():
        await write(kind(tmp_path / "out", batch_bytes=1), [item("a"), item("b"), item("c")], context(checkpoints))
    assert checkpoints.completed_count == 3
