"""Files are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from stac_ingest.core.atomic import Sync, replacing, write_atomically, write_lines, write_text
from stac_ingest.errors import DataProcessingError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("sync", ["nothing", "content", "name"])
def test_the_name_comes_with_the_whole_content(tmp_path: Path, sync: Sync) -> None:
    """While the block runs the earlier file is there, and afterwards the new one, alone, with the usual mode."""
    path = tmp_path / "a.json"
    path.write_text("earlier")
    with replacing(path, sync=sync) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_text() == "earlier"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.json"]
    (tmp_path / "usual").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    """A block that fails, or is interrupted, leaves the earlier file and nothing else."""
    path = tmp_path / "a.json"
    path.write_text("earlier")

    def fail() -> None:
        with replacing(path) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "earlier"
    assert names(tmp_path) == ["a.json"]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """A link that has the temporary name is removed, and what it leads to stays as it was."""
    victim, path = tmp_path / "victim", tmp_path / "folder" / "a.json"
    victim.write_text("untouched")
    path.parent.mkdir()
    (path.parent / f".a.json.{os.getpid()}.part").symlink_to(victim)
    write_text(path, "new")
    assert (victim.read_text(), path.read_text(), path.is_symlink()) == ("untouched", "new", False)


def test_left_overs_of_killed_processes_go(tmp_path: Path) -> None:
    """What an earlier process left of the same file is removed; what belongs to another file stays."""
    for name in (".a.json.1.part", ".b.json.1.part"):
        (tmp_path / name).touch()
    write_atomically(tmp_path / "a.json", b"new")
    assert names(tmp_path) == [".b.json.1.part", "a.json"]


def test_folders_are_made_and_lines_end(tmp_path: Path) -> None:
    """A missing folder is made, and each line ends with a newline."""
    write_lines(tmp_path / "deep" / "er" / "a.ndjson", iter([b"1", b"2"]))
    assert (tmp_path / "deep" / "er" / "a.ndjson").read_bytes() == b"1\n2\n"


def test_what_can_not_be_written_is_told_by_its_path(tmp_path: Path) -> None:
    """A file in the way of the folder is an error of the data that names the path, and leaves nothing."""
    (tmp_path / "file").touch()
    with pytest.raises(DataProcessingError, match=r"can't write .*file/a\.json: "):
        write_text(tmp_path / "file" / "a.json", "new")
    assert names(tmp_path) == ["file"]
