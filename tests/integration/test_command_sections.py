"""Settings files with a section for each kind of source, as the command takes them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from stac_ingest.cli.main import main
from stac_ingest.sources.kind import kind_of

SECTIONS = {
    "json_files": {"mode": "file", "concurrency": 3, "max_items": 4},
    "geoparquet": {"mode": "file", "concurrency": 2, "max_items": 2},
}


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Write a settings file with two sections."""
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(SECTIONS))
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write a folder of items."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.json").write_text(json.dumps({"type": "Feature", "id": str(number), "collection": "c"}))
    return folder


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Write a folder of Parquet files."""
    folder = tmp_path / "tables"
    folder.mkdir()
    pq.write_table(pa.table({"id": ["a", "b", "c"]}), folder / "one.parquet")
    return folder


def ingested(settings: Path, source: Path, out: Path, *more: str) -> int:
    """Run the command and count what it wrote."""
    arguments = [str(source), "--config", str(settings), "--to", "ndjson", "--output", str(out), *more]
    assert main(arguments) == 0
    return len((out / "items.ndjson").read_text().splitlines())


def test_the_section_is_chosen_by_the_source(settings: Path, files: Path, tables: Path, tmp_path: Path) -> None:
    """A folder of JSON files takes its own section, Parquet takes the other, and options still win."""
    assert ingested(settings, files, tmp_path / "a") == 4
    assert ingested(settings, tables / "one.parquet", tmp_path / "b") == 2
    assert ingested(settings, tables, tmp_path / "c") == 2
    assert ingested(settings, files, tmp_path / "d", "--max-items", "5") == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["http://127.0.0.1:9/", "--collection", "c"], "has no section api"),
        ([], "SOURCE is missing"),
    ],
)
def test_a_section_that_is_missing_is_told(
    settings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """Exit code 2, and one line that names the file and what it has."""
    out = tmp_path / "out"
    assert main([*arguments, "--config", str(settings), "--to", "ndjson", "--output", str(out)]) == 2
    shown = capfd.readouterr().err
    assert told in shown
    assert str(settings) in shown
    assert len(shown.splitlines()) == 1


def test_a_section_without_settings_is_told(tmp_path: Path, files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A section that holds no mapping is a wrong setting, not a crash."""
    path = tmp_path / "settings.yaml"
    path.write_text("json_files: 3\n")
    assert main([str(files), "--config", str(path), "--to", "ndjson", "--output", str(tmp_path / "out")]) == 2
    assert "json_files must hold settings by name" in capfd.readouterr().err


def test_what_a_source_is(files: Path, tables: Path, tmp_path: Path) -> None:
    """URLs are APIs; files go by their suffix; a folder is GeoParquet when it holds Parquet files and no JSON."""
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "a.parquet").touch()
    (mixed / "b.json").touch()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert kind_of("HTTPS://stac.example.com/v1").name == "api"
    assert kind_of("/nowhere/items.geoparquet").name == "geoparquet"
    assert kind_of("/nowhere/items.json").name == "json_files"
    assert [kind_of(str(path)).name for path in (files, tables, mixed, empty)] == [
        "json_files",
        "geoparquet",
        "json_files",
        "json_files",
    ]
