from __future__ import annotations

import datetime as dt
import logging
import shutil
import subprocess
import sys
import threading
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.checkpoints.parts import PartStore
from stac_ingest.errors import ConfigurationError, DataProcessingError

COLUMNS = ["item_id", "collection_id", "output_path", "completed", "timestamp", "error"]


def manager(root, **options) -> CheckpointManager:
    return CheckpointManager("flow", "landsat", root, **options)


def table(checkpoint) -> pd.DataFrame:
    return pd.read_parquet(checkpoint.get_checkpoint_path())


def test_path_and_columns_are_those_that_users_know(tmp_path):
    """The path is `{root}/{workflow_id}/{collection_id}.parquet` and pandas reads the records from it."""
    with manager(tmp_path, clock=lambda: 1_700_000_000.5) as checkpoint:
        checkpoint.mark_completed("a", "/out/a.json")
        checkpoint.mark_failed("b", ValueError("no geometry"))
    assert checkpoint.get_checkpoint_path() == tmp_path / "flow" / "landsat.parquet"
    frame = table(checkpoint).set_index("item_id")
    assert list(table(checkpoint).columns) == COLUMNS
    assert frame.loc["a", "output_path"] == "/out/a.json"
    assert frame["completed"].to_dict() == {"a": True, "b": False}
    assert frame.loc["b", "error"] == "no geometry"
    assert pd.isna(frame.loc["a", "error"])
    assert frame.loc["a", "timestamp"] == dt.datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=dt.UTC)
    assert set(frame["collection_id"]) == {"landsat"}


def test_records_reach_the_disk_at_every_buffer_size(tmp_path):
    """A full buffer is flushed by itself, a part of one is not."""
    checkpoint = manager(tmp_path, buffer_size=10)
    for number in range(25):
        checkpoint.mark_completed(f"i{number}")
    assert len(table(checkpoint)) == 20
    checkpoint.flush()
    assert len(table(checkpoint)) == 25


def test_completed_is_known_at_once_and_after_reopening(tmp_path):
    """`is_completed` and its older spelling answer from memory, before and after a restart."""
    checkpoint = manager(tmp_path)
    checkpoint.mark_completed("a", None)
    assert checkpoint.is_completed("a")
    assert not manager(tmp_path).is_completed("a")
    checkpoint.flush()
    again = manager(tmp_path)
    assert again.is_completed("a")
    assert again.contains("a")
    assert not again.contains("b")


def test_failed_items_are_tried_again_and_the_latest_record_counts(tmp_path):
    """A failed item is not completed; when it succeeds later, one record of it is left."""
    checkpoint = manager(tmp_path)
    checkpoint.mark_failed("a", "timeout")
    checkpoint.flush()
    again = manager(tmp_path)
    assert not again.is_completed("a")
    assert again.failed_count == 1
    again.mark_completed("a", "a.json")
    again.flush()
    assert manager(tmp_path).is_completed("a")
    assert table(again)[["item_id", "completed"]].to_dict("records") == [{"item_id": "a", "completed": True}]


def test_older_spellings_still_work(tmp_path):
    """`add` and `save` take records as dicts or objects."""
    checkpoint = manager(tmp_path)
    checkpoint.add({"item_id": "a", "completed": True, "output_path": "a.json"})
    checkpoint.save([SimpleNamespace(item_id="b", completed=False, error="x"), {"item_id": "c"}])
    again = manager(tmp_path)
    assert [again.contains(item_id) for item_id in "abc"] == [True, False, True]


operations = st.lists(
    st.one_of(
        st.tuples(st.just("completed"), st.sampled_from("abcdefgh")),
        st.tuples(st.just("failed"), st.sampled_from("abcdefgh")),
        st.tuples(st.just("flush"), st.none()),
        st.tuples(st.just("reopen"), st.none()),
        st.tuples(st.just("close"), st.none()),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(operations=operations, buffer_size=st.integers(1, 4))
def test_any_sequence_equals_a_dictionary(tmp_path_factory, operations, buffer_size):
    """Whatever is marked, flushed and reopened in whatever order, the state is that of a plain dictionary."""
    root = tmp_path_factory.mktemp("checkpoint")
    checkpoint, model = manager(root, buffer_size=buffer_size), {}
    for operation, item_id in operations:
        if operation == "completed":
            checkpoint.mark_completed(item_id, f"{item_id}.json")
            model[item_id] = True
        elif operation == "failed":
            checkpoint.mark_failed(item_id, "no")
            model[item_id] = False
        elif operation == "flush":
            checkpoint.flush()
        else:
            checkpoint.close()
            checkpoint = manager(root, buffer_size=buffer_size) if operation == "reopen" else checkpoint
    checkpoint.close()
    again = manager(root)
    assert {item_id: again.is_completed(item_id) for item_id in "abcdefgh"} == {
        item_id: model.get(item_id, False) for item_id in "abcdefgh"
    }
    if model:
        frame = table(again)
        assert dict(zip(frame["item_id"], frame["completed"], strict=True)) == model
        assert len(frame) == len(model)


@pytest.mark.slow
def test_cost_per_item_does_not_grow(tmp_path):
    """Each record is written at most twice, at ten flushes as at a thousand, and few files are left."""
    costs = {}
    for flushes in (10, 1000):
        checkpoint = manager(tmp_path / str(flushes), buffer_size=2)
        for number in range(2 * flushes):
            checkpoint.mark_completed(f"i{number}")
        checkpoint.close()
        costs[flushes] = checkpoint.rows_written / (2 * flushes)
        assert len(list(checkpoint.get_checkpoint_path().iterdir())) <= 3.2 * flushes**0.5
    assert costs[1000] <= 2
    assert costs[1000] == pytest.approx(costs[10], rel=0.2)


def test_retries_of_many_failed_items_cost_a_constant_each(tmp_path):
    """Rewriting parts to drop outdated records is paid for by the records that it drops."""
    checkpoint = manager(tmp_path, buffer_size=20)
    items = [f"i{number}" for number in range(2000)]
    for item_id in items:
        checkpoint.mark_failed(item_id, "no")
    for item_id in items:
        checkpoint.mark_completed(item_id)
    checkpoint.close()
    assert checkpoint.rows_written < 20 * len(items)
    assert len(table(checkpoint)) == len(items)


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "text"])
def test_a_damaged_part_is_set_aside_and_named(tmp_path, caplog, damage):
    """A part that can't be read costs its own items only: it is renamed, and a warning names it."""
    checkpoint = manager(tmp_path)
    for item_id in "ab":
        checkpoint.mark_completed(item_id)
        checkpoint.flush()
    victim = min(checkpoint.get_checkpoint_path().glob("part-*"))
    data = victim.read_bytes()
    flipped = data[:6] + bytes([data[6] ^ 0xFF]) + data[7:]
    victim.write_bytes({"truncate": data[:-20], "flip": flipped, "empty": b"", "text": b"hello" * 9}[damage])
    with caplog.at_level(logging.WARNING):
        again = manager(tmp_path)
    assert (again.is_completed("a"), again.is_completed("b")) == (False, True)
    assert victim.name in caplog.text
    assert [path.name for path in again.set_aside] == [f"_{victim.name}.corrupt"]
    assert table(again)["item_id"].tolist() == ["b"]


def test_an_interrupted_merge_changes_nothing(tmp_path):
    """When a merge stops before its old parts are removed, they are removed later and every record is there once."""
    store = PartStore(tmp_path / "flow" / "landsat.parquet", logging.getLogger())
    checkpoint = manager(tmp_path, buffer_size=1)
    for number in range(9):
        checkpoint.mark_completed(f"i{number}")
    saved = {path: path.read_bytes() for path in store.folder.iterdir()}
    checkpoint.mark_completed("i9")
    assert len(store.parts()) == 1
    for path, data in saved.items():
        path.write_bytes(data)
    (store.folder / "_part-x.tmp").write_bytes(b"half")
    again = manager(tmp_path)
    assert again.completed_count == 10
    assert len(store.parts()) == 1
    assert len(list(store.folder.glob("[!_]*"))) == 1


def test_a_damaged_merge_leaves_its_old_parts_in_place(tmp_path):
    """Old parts are removed only for a merged part whose records can be read."""
    store = PartStore(tmp_path / "flow" / "landsat.parquet", logging.getLogger())
    checkpoint = manager(tmp_path, buffer_size=1)
    for number in range(9):
        checkpoint.mark_completed(f"i{number}")
    saved = {path: path.read_bytes() for path in store.folder.iterdir()}
    checkpoint.mark_completed("i9")
    merged = store.folder / store.parts()[0].name
    data = merged.read_bytes()
    merged.write_bytes(data[:8] + b"\xff\xff\xff\xff" + data[12:])
    for path, content in saved.items():
        path.write_bytes(content)
    assert manager(tmp_path).completed_count == 9


def single_file(path, **columns):
    path.parent.mkdir(parents=True)
    pd.DataFrame(columns).to_parquet(path)


@pytest.mark.parametrize(
    "timestamps",
    [["2024-01-01T00:00:00", "2024-01-02T00:00:00.5+00:00", None], pd.to_datetime(["2024-01-01"] * 3), [1.7e9] * 3],
)
def test_a_single_file_checkpoint_is_adopted(tmp_path, timestamps):
    """A checkpoint in one file, as stac-manager writes it, is resumed, goes on, and is kept beside."""
    path = tmp_path / "flow" / "landsat.parquet"
    single_file(
        path,
        item_id=["a", "b", "b"],
        collection_id=["landsat"] * 3,
        output_path=["a.json", None, "b.json"],
        completed=[True, False, True],
        timestamp=timestamps,
        error=[None, "x", None],
    )
    with manager(tmp_path) as checkpoint:
        assert checkpoint.completed_count == 2
        checkpoint.mark_completed("c", "c.json")
    assert sorted(table(checkpoint)["item_id"]) == ["a", "b", "c"]
    assert (path.parent / ".landsat.parquet.single-file").is_file()
    assert manager(tmp_path).completed_count == 3


def test_a_single_file_with_fewer_columns_is_adopted(tmp_path):
    """Only the item ids must be there; other columns get their defaults."""
    single_file(tmp_path / "flow" / "landsat.parquet", item_id=["a"])
    checkpoint = manager(tmp_path)
    assert checkpoint.is_completed("a")
    assert list(table(checkpoint).columns) == COLUMNS


def test_a_broken_single_file_is_set_aside(tmp_path, caplog):
    """A single file that can't be read is named in a warning, kept, and the run starts afresh."""
    path = tmp_path / "flow" / "landsat.parquet"
    path.parent.mkdir()
    path.write_bytes(b"not Parquet")
    with caplog.at_level(logging.WARNING):
        checkpoint = manager(tmp_path)
    assert checkpoint.completed_count == 0
    assert str(path) in caplog.text
    checkpoint.mark_completed("a")
    checkpoint.close()
    assert table(checkpoint)["item_id"].tolist() == ["a"]


def test_adoption_goes_on_after_an_interruption(tmp_path):
    """Stopped between the two renames of an adoption, the next opening finishes it."""
    path = tmp_path / "flow" / "landsat.parquet"
    single_file(path, item_id=["a"])
    manager(tmp_path)
    path.rename(path.with_name(".landsat.parquet.adopting"))
    assert manager(tmp_path).is_completed("a")


def test_starting_afresh_keeps_the_earlier_records_beside(tmp_path):
    """`resume_from_existing=False` begins empty; the earlier records are renamed, not lost."""
    for item_id in "ab":
        with manager(tmp_path, resume_from_existing=False) as checkpoint:
            assert checkpoint.completed_count == 0
            checkpoint.mark_completed(item_id)
    assert table(checkpoint)["item_id"].tolist() == ["b"]
    previous = checkpoint.get_checkpoint_path().with_name(".landsat.parquet.previous")
    assert pd.read_parquet(previous)["item_id"].tolist() == ["a"]


def test_the_constructor_makes_the_folder(tmp_path):
    """The folder of the records is there when the constructor returns, and holds nothing yet."""
    checkpoint = manager(tmp_path / "not" / "there")
    assert list(checkpoint.get_checkpoint_path().iterdir()) == []
    assert manager(tmp_path / "not" / "there").completed_count == 0


def test_a_start_that_wrote_nothing_displaces_no_records(tmp_path):
    """Records that were set aside stay, whatever number of runs begin afresh after them and end before a record."""
    with manager(tmp_path) as checkpoint:
        checkpoint.mark_completed("a")
    for _ in range(3):
        manager(tmp_path, resume_from_existing=False).close()
    previous = checkpoint.get_checkpoint_path().with_name(".landsat.parquet.previous")
    assert pd.read_parquet(previous)["item_id"].tolist() == ["a"]


@pytest.mark.parametrize("name", ["../../outside", "/etc", "..", "a/b", "x\x00y", "n" * 400, "Zürich", "c:d"])
def test_strangers_ids_never_leave_the_root(tmp_path, name):
    """Workflow and collection ids from strangers stay inside the root, whatever they hold."""
    root = tmp_path / "root"
    for ids in ((name, "c"), ("w", name)):
        with CheckpointManager(*ids, root) as checkpoint:
            checkpoint.mark_completed("a")
        path = checkpoint.get_checkpoint_path()
        assert path.resolve().is_relative_to(root.resolve())
        assert path.parent.parent == root
        assert CheckpointManager(*ids, root).is_completed("a")
    assert [entry.name for entry in tmp_path.iterdir()] == ["root"]


def test_ids_that_utf8_can_not_hold_are_recorded(tmp_path):
    """JSON can carry a lone surrogate into an id or an error; that must not end a run."""
    with manager(tmp_path) as checkpoint:
        checkpoint.mark_failed("bad\ud800", "why \ud801")
    assert table(checkpoint)["item_id"].tolist() == ["bad\\ud800"]


def test_threads_can_mark_at_once(tmp_path):
    """Marks from several threads all arrive, while flushes go on."""
    checkpoint = manager(tmp_path, buffer_size=7)

    def mark(name: str) -> None:
        for number in range(50):
            checkpoint.mark_completed(f"{name}{number}")

    threads = [threading.Thread(target=mark, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checkpoint.close()
    assert len(table(checkpoint)) == 150


def test_two_writers_do_not_overwrite_each_other(tmp_path):
    """Two managers at one checkpoint are a mistake that loses no record."""
    one, two = manager(tmp_path, buffer_size=1), manager(tmp_path, buffer_size=1)
    for number in range(12):
        one.mark_completed(f"one{number}")
        two.mark_completed(f"two{number}")
    assert manager(tmp_path).completed_count == 24


def test_wrong_settings_are_named(tmp_path):
    """An empty id, a buffer size below one or an unusable root are configuration errors."""
    with pytest.raises(ConfigurationError, match="workflow_id"):
        CheckpointManager("", "c", tmp_path)
    with pytest.raises(ConfigurationError, match="buffer_size"):
        CheckpointManager("w", "c", tmp_path, buffer_size=0)
    (tmp_path / "file").write_text("")
    with pytest.raises((ConfigurationError, DataProcessingError), match="checkpoint"):
        manager(tmp_path / "file").save([{"item_id": "a"}])


def test_a_flush_that_can_not_be_written_keeps_its_records(tmp_path):
    """When the disk refuses a flush the error names the checkpoint, and a later flush writes everything."""
    checkpoint = manager(tmp_path)
    checkpoint.mark_completed("a")
    blocker = tmp_path / "flow"
    shutil.rmtree(blocker)
    blocker.write_text("in the way")
    with pytest.raises(DataProcessingError, match=r"landsat\.parquet"):
        checkpoint.flush()
    blocker.unlink()
    checkpoint.flush()
    assert table(checkpoint)["item_id"].tolist() == ["a"]


def test_heavy_imports_wait_until_they_are_needed():
    """Opening an empty checkpoint loads neither pandas nor pyarrow, so that processes start fast."""
    code = (
        "import sys, tempfile; from stac_ingest.checkpoints.manager import CheckpointManager;"
        "CheckpointManager('w', 'c', tempfile.mkdtemp());"
        "sys.exit(bool({'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
