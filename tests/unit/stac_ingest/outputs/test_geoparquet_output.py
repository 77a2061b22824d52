from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.core.rows import ItemRows
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.failures import FailureCollector
from stac_ingest.geoparquet.item_columns import Slot, columns_of
from stac_ingest.outputs import GeoParquetOutput, geoparquet
from stac_ingest.pipeline import run_pipeline


def item(number, **more):
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"i{number}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [float(number), 1.0]},
        "bbox": [float(number), 1.0, float(number), 1.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
        **more,
    }


async def run(folder, items, checkpoints=None):
    async def fetch(context):
        for one in items:
            yield one

    context = SimpleNamespace(checkpoints=checkpoints, failure_collector=FailureCollector())
    output = GeoParquetOutput(folder, row_group_items=2, part_items=4)
    result = await run_pipeline(SimpleNamespace(fetch=fetch), [], output, context)
    return result, context.failure_collector.get_all()


def ids(folder):
    return [one for path in sorted(folder.glob("part-*.parquet")) for one in pq.read_table(path)["id"].to_pylist()]


async def test_items_are_spread_over_parts(tmp_path):
    """A part ends when it has its number of items, and the manifest names all parts."""
    result, _ = await run(tmp_path, [item(number) for number in range(9)])
    assert {path.name for path in tmp_path.iterdir()} == {f"part-0000{number}.parquet" for number in range(3)}
    assert ids(tmp_path) == [f"i{number}" for number in range(9)]
    assert result.manifest["items"] == 9
    assert result.manifest["bytes"] == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert len(result.manifest["paths"]) == 3


async def test_an_item_that_does_not_fit_costs_only_itself(tmp_path):
    """Of a batch with an unusable geometry, the other items are written and this one is reported."""
    items = [item(0), item(1, geometry={"type": "Blob", "coordinates": "x"}), item(2), item(3)]
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        result, failures = await run(tmp_path / "out", items, checkpoints)
    assert sorted(ids(tmp_path / "out")) == ["i0", "i2", "i3"]
    assert [(failure.item_id, failure.step_id) for failure in failures] == [("i1", "output")]
    assert (result.written, result.failed) == (3, 1)
    assert not checkpoints.is_completed("i1")


async def test_a_new_run_does_not_mix_with_parts_of_another(tmp_path):
    """A folder that holds parts is refused, unless the run goes on with them."""
    await run(tmp_path, [item(0)])
    with pytest.raises(ConfigurationError, match=r"part-00000\.parquet of an earlier run"):
        await run(tmp_path, [item(1)])
    assert ids(tmp_path) == ["i0"]


async def test_resume_adds_parts(tmp_path):
    """Parts that are there stay, and what is missing goes to a new one."""
    for count in (5, 7):
        with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
            result, _ = await run(tmp_path / "out", [item(number) for number in range(count)], checkpoints)
    assert sorted(ids(tmp_path / "out")) == [f"i{number}" for number in range(7)]
    assert (result.skipped, result.written, result.manifest["items"]) == (5, 2, 7)


@pytest.mark.parametrize("marked", [True, False])
async def test_a_part_without_a_name_is_kept_only_when_its_items_are_marked(tmp_path, marked):
    """Killed before a whole part got its name, the run goes on: with the part, or with its items again."""
    out = tmp_path / "out"
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        await run(out, [item(0)], checkpoints)
        if marked:
            checkpoints.mark_completed("pending")
    pq.write_table(pa.table({"id": ["pending"]}), out / ".pending.parquet")
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        result, _ = await run(out, [item(0), item(1)], checkpoints)
    assert sorted(ids(out)) == (["i0", "i1", "pending"] if marked else ["i0", "i1"])
    assert result.skipped == 1


@pytest.mark.parametrize("forgotten", [True, False])
async def test_a_part_that_was_damaged_is_named(tmp_path, forgotten):
    """A part that can't be read any more stops a run that goes on, in words, whether its items are known or not."""
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        await run(tmp_path / "out", [item(number) for number in range(6)], checkpoints)
    (tmp_path / "out" / "part-00001.parquet").write_bytes(b"cut")
    if forgotten:
        for path in (tmp_path / "checkpoints").rglob("*.journal"):
            path.write_bytes(b"damaged\n")
    with (
        CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints,
        pytest.raises(DataProcessingError, match=r"part-00001\.parquet is a part that can't be read"),
    ):
        await run(tmp_path / "out", [item(9)], checkpoints)


async def test_a_lost_part_is_noticed(tmp_path):
    """A checkpoint that knows more items than the parts hold stops the run."""
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        await run(tmp_path / "out", [item(number) for number in range(6)], checkpoints)
        (tmp_path / "out" / "part-00000.parquet").unlink()
        with pytest.raises(ConfigurationError, match=r"6 items .* hold 2"):
            await run(tmp_path / "out", [item(9)], checkpoints)


async def test_an_abandoned_part_leaves_nothing(tmp_path):
    """Closed without finalize, the part under way is removed and its items are not completed."""
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        context = SimpleNamespace(checkpoints=checkpoints, failure_collector=FailureCollector())
        output = GeoParquetOutput(tmp_path / "out", row_group_items=1)
        for number in range(3):
            await output.bundle(item(number), context)
        await output.close()
    assert list((tmp_path / "out").iterdir()) == []
    assert checkpoints.completed_count == 0


class OddRows(ItemRows):
    """Rows whose columns are of different lengths, which no file takes."""

    def columns(self):
        columns = columns_of([item(0), item(1)])
        columns.columns[Slot(("properties", "x"))] = pa.array([1])
        return columns


async def test_a_part_that_has_ended_outlives_the_run(tmp_path):
    """A source that fails after a part had all of its items costs the part under way alone: the other one is kept."""

    async def fetch(context):
        for number in range(5):
            yield item(number)
        raise DataProcessingError("the source is gone")

    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        context = SimpleNamespace(checkpoints=checkpoints, failure_collector=FailureCollector())
        output = GeoParquetOutput(tmp_path / "out", row_group_items=2, part_items=4)
        with pytest.raises(DataProcessingError, match="gone"):
            await run_pipeline(SimpleNamespace(fetch=fetch), [], output, context)
        assert ids(tmp_path / "out") == ["i0", "i1", "i2", "i3"]
        assert [checkpoints.is_completed(f"i{number}") for number in range(5)] == [True, True, True, True, False]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"part-00000.parquet"}


async def test_a_part_that_cannot_be_ended_gets_no_name(tmp_path, monkeypatch):
    """Where the disk refuses the end of a part, the run fails, and neither that part nor its items count as done."""

    def refuse(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stac_ingest.outputs.geoparquet.sync_to_disk", refuse)
    with (
        CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints,
        pytest.raises(DataProcessingError, match="No space left"),
    ):
        await run(tmp_path / "out", [item(number) for number in range(9)], checkpoints)
    assert not ids(tmp_path / "out")
    assert checkpoints.completed_count == 0


async def test_the_next_part_is_written_while_one_ends(tmp_path, monkeypatch):
    """The rows of the next part are taken before the end of the one before is on disk, and of one part at most."""
    began, ended, under_way = [], [], []
    end, write = geoparquet._end, geoparquet.GeoParquetOutput._write

    def slow_end(writer, path):
        began.append(path.name)
        for _ in range(5000):
            if len(began) > 1 or under_way:
                break
            time.sleep(0.001)
        end(writer, path)
        ended.append(path.name)

    def noted_write(self, batch):
        write(self, batch)
        if len(began) > len(ended):
            under_way.append(len(began) - len(ended))

    monkeypatch.setattr("stac_ingest.core.background.usable_cores", lambda: 2)
    monkeypatch.setattr(geoparquet, "_end", slow_end)
    monkeypatch.setattr(geoparquet.GeoParquetOutput, "_write", noted_write)
    await run(tmp_path, [item(number) for number in range(12)])
    assert began == ended
    assert len(ended) == 3
    assert set(under_way) == {1}
    assert ids(tmp_path) == [f"i{number}" for number in range(12)]


async def test_columns_that_do_not_fit_are_written_by_items(tmp_path):
    """Of rows whose columns can't be written the items are: each one that can be, and the other one is named."""
    odd = item(2, geometry={"type": "Blob", "coordinates": "x"})
    collector = FailureCollector()
    output = GeoParquetOutput(tmp_path / "out", row_group_items=2, part_items=4)
    with CheckpointManager("w", "c", tmp_path / "checkpoints") as checkpoints:
        context = SimpleNamespace(checkpoints=checkpoints, failure_collector=collector)
        await output.start(context)
        await output.bundle_rows(OddRows.of([item(1), odd, item(3)]))
        manifest = await output.finalize(context)
        assert ids(tmp_path / "out") == ["i1", "i3"]
        assert (manifest["items"], manifest["rejected"]) == (2, 1)
        assert [failure.item_id for failure in collector.get_all()] == ["i2"]
        assert [checkpoints.is_completed(f"i{number}", "c") for number in (1, 2, 3)] == [True, False, True]


class Columns(ItemRows):
    """Items that come as columns."""

    def columns(self):
        return columns_of(self.objects)


async def test_columns_are_written_in_their_place_among_items(tmp_path):
    """Batches of items, and batches that are columns, are written in the order in which they come."""
    output = GeoParquetOutput(tmp_path, row_group_items=100)
    context = SimpleNamespace()
    await output.start(context)
    for number in range(0, 12, 3):
        kind = Columns if number % 2 else ItemRows
        assert await output.bundle_rows(kind.of([item(number + more) for more in range(3)])) == []
    manifest = await output.finalize(context)
    assert (manifest["items"], manifest["rejected"]) == (12, 0)
    assert ids(tmp_path) == [f"i{number}" for number in range(12)]


def test_few_items_are_objects_at_once(tmp_path):
    """However many items a batch is to have, the objects of some hundreds at most wait to become columns."""

    async def most_waiting():
        output = GeoParquetOutput(tmp_path, row_group_items=5000)
        await output.start(SimpleNamespace())
        most = 0
        for number in range(1000):
            await output.bundle(item(number), SimpleNamespace())
            most = max(most, sum(isinstance(entry, dict) for entry in output._batch))
        await output.finalize(SimpleNamespace())
        return most

    assert asyncio.run(most_waiting()) < 300


def test_footprints_need_no_geos(tmp_path):
    """A process that writes points imports nothing of shapely."""
    code = (
        "import sys; from pathlib import Path; from stac_ingest.geoparquet.writer import GeoParquetWriter as W\n"
        f"with W(Path({str(tmp_path / 'a.parquet')!r})) as writer: writer.write([{item(1)!r}])\n"
        "print(sorted({'shapely'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
