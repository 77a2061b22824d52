"""An ingest of files in shards: planned, run, closed, and what changes in between."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pyarrow.parquet as pq
import pytest
from sharding_items import item

from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard
from stac_ingest.sharding.local_runner import run_all
from stac_ingest.sharding.manifest import Manifest
from stac_ingest.sharding.status import IngestStatus


@pytest.fixture
def items(tmp_path):
    """Write a folder of 40 items."""
    folder = tmp_path / "items"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:04d}.json").write_text(json.dumps(item(number)))
    return folder


@pytest.fixture
def settings(items, tmp_path):
    """Ask for four shards."""
    return ShardedIngest.parse({"source": str(items), "output": str(tmp_path / "out"), "shards": 4})


def ingest(settings):
    """Do what is due, in this process, and return the numbers of the shards that were."""
    plan = plan_ingest(settings)
    due = sorted(IngestStatus(settings).shards())
    for number in due:
        run_shard(plan, number)
    return due, finalize_ingest(plan)


def delivered(settings):
    """Count how often each item is in the parts that the manifest names; no other part is there."""
    manifest = Manifest.model_validate_json((settings.state_folder.parent / "manifest.json").read_bytes())
    paths = [settings.state_folder.parent / part.path for part in manifest.parts]
    assert sorted(paths) == sorted((settings.state_folder.parent / "items").iterdir())
    ids = [found for path in paths for found in pq.read_table(path, columns=["id"])["id"].to_pylist()]
    assert len(ids) == manifest.items
    return Counter(ids)


def test_each_item_is_there_exactly_once(settings):
    """Four shards of ten files give forty items; the certificate has the sums, and nothing is left to do."""
    due, certificate = ingest(settings)
    assert due == [0, 1, 2, 3]
    assert delivered(settings) == {f"i{number:04d}": 1 for number in range(40)}
    assert (certificate.verdict, certificate.items, certificate.expected, certificate.shards) == ("complete", 40, 40, 4)
    fresh = IngestStatus(settings)
    assert (fresh.plan(), fresh.shards(), fresh.end()) == (None, {}, None)


def test_the_same_source_and_settings_give_the_same_plan(settings):
    """A plan made again is the same, byte for byte."""
    plan_ingest(settings)
    first = (settings.state_folder / "plan.json").read_bytes()
    plan_ingest(settings)
    assert (settings.state_folder / "plan.json").read_bytes() == first


def test_an_edited_file_concerns_its_shard_alone(settings, items):
    """The plan notices the edit, one shard is run again, and the new content is there."""
    ingest(settings)
    (items / "0015.json").write_text(json.dumps(item(15, id="other")))
    assert IngestStatus(settings).plan() == "the source has changed"
    due, _ = ingest(settings)
    assert due == [1]
    assert delivered(settings)["other"] == 1
    assert "i0015" not in delivered(settings)


@pytest.mark.parametrize("how", ["edited", "gone"])
def test_a_change_after_planning_is_refused(settings, items, how):
    """A shard whose files are not those that were planned says so, and certifies nothing."""
    plan = plan_ingest(settings)
    (items / "0015.json").write_text("{}") if how == "edited" else (items / "0015.json").unlink()
    with pytest.raises(DataProcessingError, match="has changed since it was planned"):
        run_shard(plan, 1)
    assert not (settings.state_folder / "00001.json").exists()


def test_a_file_that_comes_after_planning_is_the_next_ingest_s(settings, items):
    """Shards read the files of their plan; the next call sees the new one, and runs the shard that it falls to."""
    plan = plan_ingest(settings)
    (items / "0015a.json").write_text(json.dumps(item(41)))
    for shard in plan.shards:
        run_shard(plan, shard.number)
    assert finalize_ingest(plan).items == 40
    assert IngestStatus(settings).plan() == "the source has changed"
    due, certificate = ingest(settings)
    assert 1 in due
    assert (certificate.verdict, certificate.items) == ("complete", 41)


def test_names_that_were_not_kept_are_asked_for(settings):
    """A shard whose names are no longer beside the plan says which file that is, and what to do."""
    plan = plan_ingest(settings)
    (settings.state_folder / "names.ndjson").write_text("[")
    with pytest.raises(
        DataProcessingError, match=r"names\.ndjson is not the listing that the plan .*; remove .*plan\.json"
    ):
        run_shard(plan, 1)


def test_an_item_in_two_shards_comes_once_and_comes_back(settings, items):
    """The first shard keeps it. When that file goes, the shard that gave it up is run again."""
    (items / "0035.json").write_text(json.dumps(item(5)))
    _, certificate = ingest(settings)
    assert (certificate.verdict, certificate.duplicates, certificate.items) == ("complete with duplicates", 1, 39)
    assert delivered(settings)["i0005"] == 1
    assert IngestStatus(settings).end() is None
    (items / "0005.json").write_text(json.dumps(item(99)))
    due, certificate = ingest(settings)
    assert due == [0, 3]
    assert delivered(settings)["i0005"] == 1
    assert (certificate.verdict, certificate.items) == ("complete", 40)


def test_one_id_in_two_collections_is_two_items(settings, items):
    """Shards, and the last job, know items by collection and id: nothing is left out."""
    (items / "0035.json").write_text(json.dumps(item(5, collection="d")))
    (items / "0006.json").write_text(json.dumps(item(5, collection="e")))
    _, certificate = ingest(settings)
    assert (certificate.verdict, certificate.duplicates, certificate.items) == ("complete", 0, 40)
    assert delivered(settings)["i0005"] == 3


def test_what_came_twice_is_named_with_both_copies(settings, items):
    """Within a shard and across shards, the copy left out and the one kept are named, however often the end is made."""

    def updated(year):
        return {"datetime": "2024-01-01T00:00:00Z", "updated": f"{year}-01-01T00:00:00Z"}

    (items / "0005.json").write_text(json.dumps(item(5, properties=updated(2024))))
    (items / "0006.json").write_text(json.dumps(item(5, properties=updated(2023))))
    (items / "0035.json").write_text(json.dumps(item(5, properties=updated(2025))))
    for _ in range(2):
        _, certificate = ingest(settings)
        assert (certificate.verdict, certificate.duplicates) == ("complete with duplicates", 2)
        assert [note for note in certificate.notes if "a newer copy was left out" in note]
        lines = (settings.state_folder.parent / "notes.ndjson").read_text().splitlines()
        assert {json.loads(line)["item_id"] for line in lines} == {"i0005"}
        assert sorted(json.loads(line)["what"] for line in lines) == [
            "came again, and this copy was left out; its `updated` is 2023-01-01T00:00:00Z",
            "came again, and this copy was left out; its `updated` is 2025-01-01T00:00:00Z",
            "this copy was kept; its `updated` is 2024-01-01T00:00:00Z, older than what was left out",
        ]


def test_a_shard_of_nothing_but_doubles_has_no_part(settings, items):
    """What is left without an item is no file."""
    for number in range(30, 40):
        (items / f"{number:04d}.json").write_text(json.dumps(item(number - 30)))
    _, certificate = ingest(settings)
    assert (certificate.items, certificate.duplicates) == (30, 10)
    assert set(delivered(settings).values()) == {1}


def test_broken_files_are_named(settings, items):
    """What can't be read is counted and named; the rest is there, and the verdict says that it isn't all."""
    (items / "0007.json").write_text("{")
    (items / "0023.json").write_text('{"type": "Feature"}')
    _, certificate = ingest(settings)
    assert (certificate.verdict, certificate.failures, certificate.items) == ("truncated", 2, 38)
    assert [failure.origin for failure in certificate.failed] == ["0007.json", "0023.json"]
    assert IngestStatus(settings).shards() == {}


@pytest.mark.parametrize(("holds_items", "verdict"), [(False, "truncated"), (True, "complete")])
def test_a_folder_that_holds_no_items_is_not_complete(holds_items, verdict, tmp_path):
    """A catalog alone brings no item, and the report says what to give; a FeatureCollection may well be empty."""
    folder = tmp_path / "catalogs"
    folder.mkdir()
    empty = {"type": "FeatureCollection", "features": []} if holds_items else {"type": "Catalog", "id": "root"}
    (folder / "root.json").write_text(json.dumps(empty))
    _, certificate = ingest(ShardedIngest.parse({"source": str(folder), "output": str(tmp_path / "none")}))
    assert (certificate.verdict, certificate.items) == (verdict, 0)
    assert ("give the folder of the items" in certificate.reason) is not holds_items


def test_a_part_that_was_changed_is_not_signed_for(settings):
    """The last job compares every byte with the certificate; a lost part is run again without being asked for."""
    plan = plan_ingest(settings)
    for number in range(4):
        run_shard(plan, number)
    part = settings.state_folder.parent / "items/part-00002.parquet"
    data = bytearray(part.read_bytes())
    data[100] ^= 1
    part.write_bytes(data)
    with pytest.raises(DataProcessingError, match=r"part-00002\.parquet has another content.*run shard 2 again"):
        finalize_ingest(plan)
    part.unlink()
    assert IngestStatus(settings).shards() == {2: "its part is missing"}
    assert not (settings.state_folder.parent / "manifest.json").exists()


def test_a_missing_shard_is_not_signed_for(settings):
    """The last job names the shard that nobody has run."""
    plan = plan_ingest(settings)
    for number in (0, 1, 3):
        run_shard(plan, number)
    with pytest.raises(DataProcessingError, match="shard 2 has no certificate"):
        finalize_ingest(plan)


def test_fewer_shards_leave_nothing_of_the_earlier_ones(settings):
    """Another number of shards is planned in the same output, and what belonged to the old one goes."""
    ingest(settings)
    fewer = settings.model_copy(update={"shards": 3})
    assert IngestStatus(fewer).plan() == "other settings"
    _, certificate = ingest(fewer)
    assert certificate.items == 40
    assert set(delivered(fewer).values()) == {1}
    assert sorted(path.name for path in fewer.state_folder.glob("0*")) == [
        f"0000{n}.{ending}" for n in range(3) for ending in ("hashes", "json")
    ]


def test_an_output_of_another_run_is_left_alone(settings, tmp_path):
    """A folder that holds other items is refused in words, whether it has a plan or not."""
    ingest(settings)
    source = tmp_path / "others"
    source.mkdir()
    other = ShardedIngest.parse({**settings.model_dump(), "source": str(source)})
    with pytest.raises(ConfigurationError, match="belongs to another ingest"):
        plan_ingest(other)
    shutil.rmtree(settings.state_folder)
    with pytest.raises(ConfigurationError, match=r"holds part-00000\.parquet, and .* which ingest it is from"):
        plan_ingest(settings)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "no JSON files found"),
        (lambda path: path.write_text("{}"), "is a single file, which is read in one go"),
    ],
)
def test_a_source_that_can_not_be_cut_is_told_in_words(tmp_path, make, said):
    """Nothing is written before the source was looked at."""
    make(tmp_path / "source")
    with pytest.raises(ConfigurationError, match=said):
        plan_ingest(ShardedIngest.parse({"source": str(tmp_path / "source"), "output": str(tmp_path / "out")}))
    assert not (tmp_path / "out").exists()


@pytest.fixture
def tables(tmp_path):
    """Write three GeoParquet files of unlike sizes, in row groups of ten."""
    folder, start = tmp_path / "tables", 0
    folder.mkdir()
    for number, count in enumerate((50, 10, 30)):
        with GeoParquetWriter(folder / f"{number}.parquet", row_group_items=10) as writer:
            writer.write([item(start + i) for i in range(count)])
        start += count
    return folder


def test_geoparquet_files_are_cut_by_row_groups(tables, tmp_path):
    """Shards are alike whatever the sizes of the files are, and each item comes once."""
    settings = ShardedIngest.parse({"source": str(tables), "output": str(tmp_path / "out"), "shards": 3})
    plan = plan_ingest(settings)
    assert [shard.expected for shard in plan.shards] == [30, 30, 30]
    _, certificate = ingest(settings)
    assert certificate.verdict == "complete"
    assert delivered(settings) == {f"i{number:04d}": 1 for number in range(90)}


def test_a_file_that_is_no_table_is_named(tables, tmp_path):
    """A broken file among others costs itself, and is in the certificate."""
    (tables / "3.parquet").write_bytes(b"nothing of the kind")
    settings = ShardedIngest.parse({"source": str(tables), "output": str(tmp_path / "out"), "shards": 2})
    _, certificate = ingest(settings)
    assert (certificate.verdict, certificate.items, certificate.failures) == ("truncated", 90, 1)
    assert "not a Parquet file" in certificate.failed[0].error


def test_processes_of_this_machine_do_it_all(settings, items):
    """Without a workflow: two processes run the shards, a second run does nothing, and an edit costs one shard."""
    settings = settings.model_copy(update={"jobs": 2})
    done = []
    assert run_all(settings, on_shard=lambda number, of: done.append((number, of))).items == 40
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    before = {path: path.stat().st_mtime_ns for path in settings.state_folder.parent.rglob("*.*")}
    assert run_all(settings).verdict == "complete"
    assert {path: path.stat().st_mtime_ns for path in settings.state_folder.parent.rglob("*.*")} == before
    (items / "0000.json").write_text(json.dumps(item(0, bbox=[1.5, 2.5, 1.5, 2.5])) + " ")
    run_all(settings, on_shard=lambda number, of: done.append((number, of)))
    assert done[4:] == [(1, 1)]


def test_parts_are_read_only_where_items_may_have_come_twice(settings, items, monkeypatch):
    """The last job opens no part where the hashes tell all items apart, and finds doubles without hashes too."""
    opened = []
    read = pq.ParquetFile.__init__
    monkeypatch.setattr(pq.ParquetFile, "__init__", lambda *given, **more: opened.append(1) or read(*given, **more))
    plan = plan_ingest(settings)
    for number in range(4):
        run_shard(plan, number)
    opened.clear()
    finalize_ingest(plan)
    assert not opened
    (items / "0039.json").write_text(json.dumps(item(0)))
    plan = plan_ingest(settings)
    run_shard(plan, 3)
    for path in settings.state_folder.glob("*.hashes"):
        path.unlink()
    opened.clear()
    assert finalize_ingest(plan).duplicates == 1
    assert opened
    assert delivered(settings) == {f"i{number:04d}": 1 for number in range(39)}
