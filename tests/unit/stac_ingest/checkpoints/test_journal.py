"""The journal of the command: what was flushed is known again, whatever happened after, and damage is noticed."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.checkpoints.journal import Journal, forget_items
from stac_ingest.checkpoints.journal_file import line_of, read_journal
from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.errors import ConfigurationError, DataProcessingError

KEYS = [(collection, item_id) for collection in ("", "ndvi", "lst", "items") for item_id in "abc"]


def opened(root: Path, collection: str = "items", *, resume: bool = True) -> Journal:
    return Journal("flow", collection, root, resume=resume)


def path_of(root: Path, name: str = "items") -> Path:
    return root / "flow" / f"{name}.journal"


marks = st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), max_size=8)


@settings(max_examples=60)
@given(runs=st.lists(st.tuples(marks, st.sampled_from(["close", "killed", "torn", "replace"])), max_size=5))
def test_any_runs_equal_a_set(tmp_path_factory: pytest.TempPathFactory, runs: list[Any]) -> None:
    """Whatever is marked in however many runs, the next one knows what was flushed; a torn line is noticed."""
    root = tmp_path_factory.mktemp("checkpoints")
    model: dict[tuple[str, str], bool] = {}
    is_damaged = False
    for marked, ending in runs:
        journal = opened(root)
        for (collection, item_id), completed in marked:
            if completed:
                journal.mark_completed(item_id, "path", collection)
            else:
                journal.mark_failed(item_id, "no", collection)
            model[collection or "items", item_id] = completed
        journal.flush()
        is_damaged = (is_damaged and not marked and ending != "replace") or (ending == "torn" and bool(model))
        if ending == "torn" and model:
            line = line_of({"collection": "ndvi", "path": None, "ids": ["a", "b"]})
            with path_of(root).open("ab") as stream:
                stream.write(line[: len(line) - 1 - len(marked)])
        if ending == "replace":
            model = dict.fromkeys(KEYS[:4], True)
            journal.replace((key, "path") for key in KEYS[:4])
            model = {(collection or "items", item_id): True for collection, item_id in KEYS[:4]}
        if ending != "killed":
            journal.close()
        again = opened(root)
        assert bool(again.set_aside) is is_damaged
        assert again.completed_count == sum(model.values())
        for collection, item_id in KEYS:
            assert again.is_completed(item_id, collection) is model.get((collection or "items", item_id), False)
        again.close()


def test_records_are_buffered_and_on_disk_after_a_thousand(tmp_path: Path) -> None:
    """Nothing is written for a few records, and a thousand of them are one write."""
    journal = opened(tmp_path)
    journal.mark_all_completed([(f"i{number}", None) for number in range(999)])
    assert not path_of(tmp_path).exists()
    journal.mark_completed("last")
    assert opened(tmp_path).completed_count == 1000
    journal.close()


def test_a_damaged_line_is_set_aside_and_what_comes_before_it_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A byte that has changed is noticed: each run is told until one has asked the output, and then all is well."""
    with_three = opened(tmp_path)
    for item_id in "abc":
        with_three.mark_completed(item_id)
        with_three.flush()
    with_three.close()
    path = path_of(tmp_path)
    data = bytearray(path.read_bytes())
    data[data.index(b'"b"') + 1] ^= 1
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        killed = opened(tmp_path)  # before it has asked the output
        damaged = opened(tmp_path)
    assert "is damaged" in caplog.text
    assert killed.set_aside == damaged.set_aside
    assert [one.name for one in damaged.set_aside] == ["_items.journal.corrupt"]
    assert [item_id for item_id in "abc" if damaged.is_completed(item_id)] == ["a"]
    damaged.replace([(("", "a"), "x"), (("", "b"), "x")])
    assert not damaged.set_aside
    damaged.close()
    assert [item_id for item_id in "abc" if opened(tmp_path).is_completed(item_id)] == ["a", "b"]


@pytest.mark.parametrize("record", [{}, {"collection": "c"}, {"collection": "c", "ids": [1]}, {"ids": ["a"]}])
def test_a_sound_line_of_another_form_is_damage(tmp_path: Path, record: dict[str, Any]) -> None:
    """A line whose checksum is right and that is no record ends the reading, and nothing fails."""
    (tmp_path / "j").write_bytes(line_of({"collection": "c", "path": None, "ids": ["a"]}) + line_of(record))
    found = read_journal(tmp_path / "j")
    assert (found.completed, found.is_sound) == ({"c": {"a"}}, False)


def test_names_that_are_no_unicode_are_kept(tmp_path: Path) -> None:
    """A file whose name isn't UTF-8 can fail too."""
    journal = opened(tmp_path)
    journal.mark_failed("\udcff.json", "no")
    journal.close()
    assert opened(tmp_path).failed_count == 1


def test_a_fresh_run_sets_the_records_aside_once_it_has_some(tmp_path: Path) -> None:
    """What was recorded counts no more, and is kept under another name until the next fresh run has records too."""
    for item_id, resume in (("a", True), ("b", False)):
        journal = opened(tmp_path, resume=resume)
        assert not journal.is_completed("a")
        journal.mark_completed(item_id)
        journal.close()
    for _ in range(2):
        opened(tmp_path, resume=False).close()
    previous = path_of(tmp_path).with_name(".items.journal.previous")
    assert read_journal(previous).completed == {"items": {"b"}}


def test_a_run_of_one_collection_knows_what_a_run_of_all_has_written(tmp_path: Path) -> None:
    """Without a journal of its own it takes over the records of its collection; a fresh run takes none."""
    everything = opened(tmp_path)
    for collection, item_id in KEYS:
        everything.mark_completed(item_id, None, collection)
    everything.close()
    ndvi = opened(tmp_path, "ndvi")
    assert (ndvi.completed_count, ndvi.is_completed("a"), ndvi.is_completed("a", "lst")) == (3, True, False)
    ndvi.close()
    assert path_of(tmp_path, "ndvi").exists()
    assert opened(tmp_path, "ndvi", resume=False).completed_count == 0


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Write records as a release before the journal has left them: Parquet for each collection, and a list."""
    for name, ids in (("items", "ab"), ("ndvi", "abc")):
        with CheckpointManager("flow", name, tmp_path) as manager:
            manager.mark_all_completed([(item_id, None) for item_id in ids])
    (tmp_path / "flow" / "items.collections.json").write_text('{"items": {"ndvi": 3}}')
    return tmp_path


def test_records_of_an_earlier_release_go_on_in_the_journal(earlier: Path) -> None:
    """They are read once; then they are in the journal, and what they were read from is set aside."""
    for _ in range(2):
        journal = opened(earlier)
        assert journal.completed_count == 5
        assert journal.is_completed("c", "ndvi")
        assert not journal.is_completed("c")
        assert not (earlier / "flow" / "items.parquet").exists()
        journal.close()


def lose_a_collection(root: Path) -> None:
    (path,) = (root / "flow" / "ndvi.parquet").glob("part-*")
    path.write_bytes(b"PAR1 and no more")


def forget_collections(root: Path) -> None:
    (root / "flow" / "items.parquet" / "_by_collection").unlink()


@pytest.mark.parametrize("harm", [lose_a_collection, forget_collections])
def test_records_that_do_not_say_all_ask_for_the_output(earlier: Path, harm: Callable[[Path], None]) -> None:
    """Where earlier records are damaged, or know ids alone, the output is asked, and only then they are given up."""
    harm(earlier)
    for _ in range(2):
        journal = opened(earlier)
        assert journal.set_aside or journal.earlier_layout
        assert journal.is_completed("a")
        journal.close()
    journal = opened(earlier)
    journal.replace([(("ndvi", "a"), "a.json")])
    journal.close()
    again = opened(earlier)
    assert not again.set_aside
    assert not again.earlier_layout
    assert (again.completed_count, again.is_completed("a", "ndvi")) == (1, True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"items": 3}', '{"items": {"ndvi": "x"}}'])
def test_a_list_that_is_none_says_nothing(earlier: Path, text: str) -> None:
    """Whatever stands in the list of an earlier release, opening doesn't fail."""
    (earlier / "flow" / "items.collections.json").write_text(text)
    assert opened(earlier).completed_count == 2


def test_an_unusable_root_and_a_link_are_told(tmp_path: Path) -> None:
    """A file in the way of the folder, and a link in the place of the journal, are wrong settings."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="checkpoint"):
        opened(tmp_path / "file")
    path_of(tmp_path).parent.mkdir()
    path_of(tmp_path).symlink_to(tmp_path / "file")
    with pytest.raises(ConfigurationError, match="checkpoint"):
        opened(tmp_path)


def test_a_full_disk_leaves_the_records_in_memory_and_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush that fails half way is an error with the journal's name; the next one writes everything."""
    journal = opened(tmp_path)
    journal.mark_completed("a")
    journal.flush()
    journal.mark_completed("b")

    def half(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("stac_ingest.checkpoints.journal.write_all", half)
        with pytest.raises(DataProcessingError, match=r"items\.journal can't be written: No space left"):
            journal.flush()
    journal.close()
    again = opened(tmp_path)
    assert (again.completed_count, again.set_aside) == (2, [])


def test_damage_that_a_killed_run_has_set_aside_is_damage_still(earlier: Path) -> None:
    """Where a run renamed what it couldn't read and was killed before the output was asked, the next one asks it."""
    (part,) = (earlier / "flow" / "items.parquet").glob("part-*")
    part.rename(part.with_name(f"_{part.name}.corrupt"))
    journal = opened(earlier)
    assert journal.set_aside
    journal.close()


def test_a_journal_that_knows_nothing_asks_the_output(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After the output was changed by other means, a run that resumes asks it, without a word of damage; once."""
    journal = opened(tmp_path)
    journal.mark_completed("a")
    journal.close()
    path = journal.get_checkpoint_path()
    forget_items(path.parent)
    journal = opened(tmp_path)
    assert (journal.completed_count, journal.set_aside) == (0, [path])
    journal.replace([(("c", "b"), "out")])
    journal.close()
    again = opened(tmp_path)
    assert (again.is_completed("b", "c"), again.is_completed("a"), again.set_aside) == (True, False, [])
    again.close()
    assert not caplog.records
    assert [other.name for other in path.parent.iterdir()] == [path.name]
