from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.model import Payload
from stac_ingest.sources.directory.resume import FilePositions


def made(folder: Path, count: int) -> list[str]:
    """Make so many files, and give their names, sorted."""
    names = [f"{number:02}.json" for number in range(count)]
    for name in names:
        (folder / name).write_text("{}")
    return names


def noted(
    folder: Path, names: list[str], known: list[dict[str, Any]], batches: list[list[str]]
) -> list[dict[str, Any]]:
    """Give the positions that a run which reads these batches leaves behind."""
    run = FilePositions(folder, known)
    run.remaining(names)
    positions = [run.position([Payload(b"", name) for name in batch]) for batch in batches]
    return [position for position in positions if position is not None]


@given(st.integers(0, 20), st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=4))
def test_files_are_left_out_while_the_list_is_the_same(count: int, slices: list[tuple[int, int]]) -> None:
    """Noted files are left out, and all are read where one has come or gone."""
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        names = made(folder, count)
        batches = [names[at : at + size] for at, size in slices]
        known = noted(folder, names, [], batches)
        read = {name for batch in batches for name in batch}
        assert FilePositions(folder, known).remaining(names) == [name for name in names if name not in read]
        assert FilePositions(folder, known).remaining([*names, "new"]) == [*names, "new"]


@pytest.mark.parametrize("keeps_time", [False, True])
def test_all_files_are_read_where_one_that_was_read_has_changed(tmp_path: Path, keeps_time: bool) -> None:
    """A file that changed since it was read is read again, also where its size and time are as before."""
    names = made(tmp_path, 4)
    known = noted(tmp_path, names, [], [names[:2]])
    times = (tmp_path / names[0]).stat()
    (tmp_path / names[0]).write_text("[]")
    if keeps_time:
        os.utime(tmp_path / names[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = FilePositions(tmp_path, known)
    assert changed.remaining(names) == names
    assert changed.fingerprint != known[0]["list"]


def test_what_was_read_after_a_change_is_left_out_by_the_next_run(tmp_path: Path) -> None:
    """A change is noticed once: what a run has read since then is left out by those that follow it."""
    names = made(tmp_path, 4)
    first = noted(tmp_path, names, [], [names[:3]])
    (tmp_path / names[0]).write_text("[]")
    second = noted(tmp_path, names, first, [names[:2]])
    third = FilePositions(tmp_path, first + second)
    assert third.remaining(names) == names[2:]
    assert third.fingerprint == second[0]["list"]


def test_a_file_that_was_not_read_yet_may_change(tmp_path: Path) -> None:
    """Files that are still to be read are no reason to read the others again."""
    names = made(tmp_path, 4)
    known = noted(tmp_path, names, [], [names[:2]])
    (tmp_path / names[3]).write_text("[]")
    assert FilePositions(tmp_path, known).remaining(names) == names[2:]


@pytest.mark.parametrize(
    "position",
    [{}, {"files": [0, 1]}, {"list": "other", "files": [0, 1]}, {"list": 3, "files": [0, 1]}, {"time": [0, 1]}],
)
def test_notes_that_make_no_sense_are_passed_over(tmp_path: Path, position: dict[str, Any]) -> None:
    """A place of another kind, or a damaged one, leaves everything to be read."""
    names = made(tmp_path, 2)
    assert FilePositions(tmp_path, [position]).remaining(names) == names


def test_a_note_without_its_time_says_nothing(tmp_path: Path) -> None:
    """What an earlier release has noted doesn't say when a file was read, so all are read."""
    names = made(tmp_path, 2)
    known = noted(tmp_path, names, [], [names])
    assert FilePositions(tmp_path, [{"list": known[0]["list"], "files": [0, 2]}]).remaining(names) == names
