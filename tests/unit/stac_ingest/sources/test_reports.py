"""Our own reports, told from items of their names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stac_ingest.sources.reports import REPORTS, is_report, is_state_of_shards


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("more", [{}, {"another": 1}])
def test_a_report_is_known_by_its_members(tmp_path: Path, name: str, more: dict[str, int]) -> None:
    """With them it is one, without one of them or as a Feature it isn't; what can't be read isn't either."""
    path = tmp_path / name
    document = dict.fromkeys(REPORTS[name], "x") | more
    path.write_text(json.dumps(document) + "\n{broken")
    assert is_report(path) is True
    path.write_text(json.dumps({**document, "type": "Feature"}))
    assert not is_report(path)
    document.pop(next(iter(REPORTS[name])))
    path.write_text(json.dumps(document))
    assert not is_report(path)
    for text in ("", "[]", "{"):
        path.write_text(text)
        assert not is_report(path)
    path.unlink()
    os.mkfifo(path)
    assert not is_report(path)


def test_a_folder_called_shards_is_not_enough(tmp_path: Path) -> None:
    """Only one with the record of an ingest is its state."""
    folder = tmp_path / "shards"
    folder.mkdir()
    assert not is_state_of_shards(folder)
    (folder / "ingest.json").write_text('{"type": "Feature", "id": "a"}')
    assert not is_state_of_shards(folder)
    (folder / "ingest.json").write_text('{"source": "a", "output": "b"}')
    assert is_state_of_shards(folder)
    assert not is_state_of_shards(tmp_path)
