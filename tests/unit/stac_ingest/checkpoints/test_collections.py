"""Checkpoints of many collections: one for each in the end, and one place while a run goes on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.checkpoints.collections import CollectionCheckpoints
from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.errors import ConfigurationError, DataProcessingError

KEYS = [(collection, item_id) for collection in ("", "ndvi", "lst", "items") for item_id in "abc"]


def opened(root, **options):
    return CollectionCheckpoints("flow", "items", root, **options)


def test_a_manager_knows_items_by_collection_and_id(tmp_path):
    """The collection is the manager's own where none is given, and every spelling takes one."""
    with CheckpointManager("flow", "ndvi", tmp_path) as checkpoint:
        checkpoint.mark_completed("a", "a.json")
        checkpoint.mark_completed("b", "b.json", collection_id="lst")
        checkpoint.mark_failed("a", "no", collection_id="lst")
    for one in (checkpoint, CheckpointManager("flow", "ndvi", tmp_path)):
        assert one.is_completed("a")
        assert one.is_completed("a", collection_id="ndvi")
        assert one.contains("b", collection_id="lst")
        assert not one.is_completed("b")
        assert not one.is_completed("a", collection_id="lst")
        assert (one.completed_count, one.failed_count) == (2, 1)
    frame = pd.read_parquet(checkpoint.get_checkpoint_path())
    assert set(zip(frame["collection_id"], frame["item_id"], frame["completed"], strict=True)) == {
        ("ndvi", "a", True),
        ("lst", "b", True),
        ("lst", "a", False),
    }


def test_records_of_an_earlier_release_count_for_any_collection_until_replaced(tmp_path):
    """Ids alone don't say which item they are; once the output has said it, they do, for good."""
    with CheckpointManager("flow", "items", tmp_path) as earlier:
        earlier.mark_all_completed([("a", None), ("b", None)])
    (earlier.get_checkpoint_path() / "_by_collection").unlink()
    checkpoint = CheckpointManager("flow", "items", tmp_path)
    assert checkpoint.earlier_layout
    assert checkpoint.is_completed("a", "ndvi")
    assert checkpoint.is_completed("a", "lst")
    checkpoint.replace([(("ndvi", "a"), "a.json"), (("", "b"), "b.json")])
    for one in (checkpoint, CheckpointManager("flow", "items", tmp_path)):
        assert not one.earlier_layout
        found = [key for key in KEYS if one.is_completed(key[1], key[0])]
        assert found == [("", "b"), ("ndvi", "a"), ("items", "b")]
        assert one.completed_count == 2


marks = st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), max_size=8)


@settings(max_examples=40, deadline=None)
@given(runs=st.lists(st.tuples(marks, st.sampled_from(["close", "distribute", "killed"])), max_size=5))
def test_any_runs_equal_a_set(tmp_path_factory, runs):
    """Whatever is marked in however many runs, ended in whatever way, the next one knows what was flushed."""
    root = tmp_path_factory.mktemp("checkpoints")
    model = {}
    for marked, ending in runs:
        checkpoints = opened(root)
        for (collection, item_id), completed in marked:
            if checkpoints.is_completed(item_id, collection):
                continue
            if completed:
                checkpoints.mark_completed(item_id, "path", collection)
            else:
                checkpoints.mark_failed(item_id, "no", collection)
            model[collection or "items", item_id] = completed
        checkpoints.flush()
        if ending == "distribute":
            checkpoints.distribute()
        if ending != "killed":
            checkpoints.close()
        again = opened(root)
        assert again.completed_count == sum(model.values())
        for collection, item_id in KEYS:
            assert again.is_completed(item_id, collection) is model.get((collection or "items", item_id), False)


class Killed(BaseException):
    """Stands for the end of the process."""


def test_killed_while_records_are_moved_none_is_lost(tmp_path, monkeypatch):
    """At whatever rename or removal the process ends, the next one knows all, and moves the rest."""
    replace, unlink = os.replace, os.unlink
    steps = 0
    while True:
        root = tmp_path / str(steps)
        checkpoints = opened(root)
        for collection, item_id in KEYS:
            checkpoints.mark_completed(item_id, "path", collection)
        checkpoints.flush()
        left = [steps]

        def dying(function, left=left):
            def step(*given, **named):
                if left[0] == 0:
                    raise Killed
                left[0] -= 1
                return function(*given, **named)

            return step

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", dying(replace))
            patch.setattr(Path, "replace", dying(Path.replace))
            patch.setattr(os, "unlink", dying(unlink))
            try:
                checkpoints.distribute()
                ended = True
            except Killed:
                ended = False
        for _ in range(2):
            again = opened(root)
            assert all(again.is_completed(item_id, collection) for collection, item_id in KEYS)
            again.distribute()
            again.close()
        assert opened(root).completed_count == 9
        if ended:
            break
        steps += 1
    assert steps > 3


def test_each_collection_has_a_checkpoint_of_its_own_in_the_end(tmp_path):
    """It is where a manager of that collection keeps its records, and that manager knows them."""
    with opened(tmp_path) as checkpoints:
        for collection, item_id in KEYS:
            checkpoints.mark_completed(item_id, f"{collection}/{item_id}", collection)
        assert not (tmp_path / "flow" / "ndvi.parquet").exists()
        checkpoints.distribute()
    ndvi = CheckpointManager("flow", "ndvi", tmp_path)
    assert sorted(ndvi.completed_ids()) == ["a", "b", "c"]
    assert set(pd.read_parquet(ndvi.get_checkpoint_path())["output_path"]) == {"ndvi/a", "ndvi/b", "ndvi/c"}
    assert set(pd.read_parquet(checkpoints.get_checkpoint_path())["collection_id"]) == {"items"}


def test_a_fresh_run_knows_nothing_of_earlier_collections(tmp_path):
    """What an earlier run has moved to checkpoints of collections counts no more, neither now nor when resumed."""
    with opened(tmp_path) as checkpoints:
        checkpoints.mark_completed("a", None, "ndvi")
        checkpoints.distribute()
    with opened(tmp_path, resume_from_existing=False) as fresh:
        assert (fresh.completed_count, fresh.is_completed("a", "ndvi")) == (0, False)
        fresh.mark_completed("b", None, "ndvi")
    again = opened(tmp_path)
    assert (again.is_completed("a", "ndvi"), again.is_completed("b", "ndvi")) == (False, True)
    again.distribute()
    assert CheckpointManager("flow", "ndvi", tmp_path).completed_ids() == {"b"}


def test_lost_records_of_a_collection_end_the_run_once(tmp_path):
    """Records that are gone are named, and the next run is told to ask its output."""
    with opened(tmp_path) as checkpoints:
        checkpoints.mark_completed("a", None, "ndvi")
        checkpoints.distribute()
    shutil.rmtree(tmp_path / "flow" / "ndvi.parquet")
    with pytest.raises(DataProcessingError, match=r"ndvi\.parquet is damaged: 0 of 1 records"):
        opened(tmp_path).is_completed("a", "ndvi")
    again = opened(tmp_path)
    assert again.set_aside
    again.replace([(("ndvi", "a"), "a.json")])
    assert opened(tmp_path).set_aside == []
    assert opened(tmp_path).is_completed("a", "ndvi")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"items": 3}', '{"items": {"ndvi": "x"}}'])
def test_a_list_that_is_none_says_nothing(tmp_path, text):
    """Whatever stands in the list, opening doesn't fail."""
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "items.collections.json").write_text(text)
    assert opened(tmp_path).completed_count == 0


def test_an_unusable_root_is_told(tmp_path):
    """A file in the way of the folder is a wrong setting."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="checkpoint"):
        opened(tmp_path / "file")
