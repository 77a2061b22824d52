"""The step from one sorted table to the next."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.outputs.sorted_geoparquet.publish import HIDDEN, NEW, NOTE, Published, refuse_links

BEFORE = {"part-00000.parquet": "old", "year=2023/part-00000.parquet": "old"}
AFTER = {"part-00000.parquet": "new", "year=2024/month=05/part-00000.parquet": "new"}


def publish(folder: Path, before: dict[str, str]) -> Published:
    for name, text in before.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / HIDDEN).mkdir()
    (folder / HIDDEN / "part-00000.parquet").write_text("a part")
    published = Published(folder, folder / HIDDEN)
    new = published.clear()
    files = []
    for number, name in enumerate(AFTER):
        files.append((new / f"{number:05d}.parquet", name))
        files[-1][0].write_text("new")
    published.replace(files, ["part-00000.parquet"])
    return published


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.parquet"))}


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", range(9))
def test_who_is_killed_between_two_steps_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """After any number of changes on the disk the table is the old one with its parts, or the next run makes it new."""
    left = step

    def until_killed(change: Callable[..., None]) -> Callable[..., None]:
        def changed(*arguments: object, **named: object) -> None:
            nonlocal left
            if (tmp_path / HIDDEN / NEW / "00001.parquet").exists() or (tmp_path / HIDDEN / NOTE).exists():
                left -= 1
            if left < 0:
                raise KilledError
            change(*arguments, **named)

        return changed

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "unlink", "rmdir", "remove"):
            patch.setattr(os, name, until_killed(getattr(os, name)))
        try:
            publish(tmp_path, BEFORE)
        except KilledError:
            killed = True
        else:
            killed = False
    published = Published(tmp_path, tmp_path / HIDDEN)
    noted = (tmp_path / HIDDEN / NOTE).exists()
    published.go_on()
    published.clear()
    parts = (tmp_path / HIDDEN / "part-00000.parquet").exists()
    table = {name: text for name, text in content(tmp_path).items() if not name.startswith(HIDDEN)}
    if killed and not noted and parts:
        assert table == BEFORE
    else:
        assert table == AFTER
        assert not parts
        assert not (tmp_path / "year=2023").exists()


def test_the_table_alone_is_left(tmp_path: Path) -> None:
    """Once all is done nothing hidden is there any more."""
    publish(tmp_path, {}).forget()
    assert content(tmp_path) == AFTER
    assert not (tmp_path / HIDDEN).exists()


@pytest.mark.parametrize(
    "note",
    [
        "[",
        "{}",
        json.dumps({"files": [["00000.parquet", "../part-00000.parquet"]], "removed": [], "parts": []}),
        json.dumps({"files": [["../../part-00000.parquet", "part-00000.parquet"]], "removed": [], "parts": []}),
        json.dumps({"files": [], "removed": ["/etc/part-00000.parquet"], "parts": []}),
        json.dumps({"files": [], "removed": [], "parts": ["../part-00000.parquet"]}),
        json.dumps({"files": 3, "removed": [], "parts": []}),
    ],
)
def test_a_note_of_somebody_else_moves_nothing(tmp_path: Path, note: str) -> None:
    """A note that is damaged, or names files that are none of a table's, is refused."""
    (tmp_path / HIDDEN).mkdir()
    (tmp_path / HIDDEN / NOTE).write_text(note)
    with pytest.raises(DataProcessingError, match=r"layout\.json"):
        Published(tmp_path, tmp_path / HIDDEN).go_on()


@pytest.mark.parametrize("name", [HIDDEN, "year=2024", "year=2024/month=05"])
def test_links_are_refused(tmp_path: Path, name: str) -> None:
    """A folder of the table that is a link is refused before anything is written."""
    (tmp_path / "out").mkdir()
    link = tmp_path / "out" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="symbolic link"):
        refuse_links(tmp_path / "out", tmp_path / "out")
