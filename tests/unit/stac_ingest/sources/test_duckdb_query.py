"""Queries of the user's own, that DuckDB answers, as a source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stac_ingest import ConfigurationError, DataProcessingError, IngestModule, WorkflowContext
from stac_ingest.cli.main import BAD_SETTINGS, COMPLETE, main

POINT = '\'{"type": "Point", "coordinates": [1, 2]}\'::JSON AS geometry'
ITEM = f"'i' || n AS id, {POINT}, 'c' AS collection, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS datetime, n FROM range"


def query(folder: Path, text: str) -> Path:
    path = folder / "items.sql"
    path.write_text(text)
    return path


async def read(path: Path, **more: Any) -> tuple[list[dict[str, Any]], IngestModule, WorkflowContext]:
    module, context = IngestModule({"mode": "file", "source": str(path), **more}), WorkflowContext()
    return [item async for item in module.fetch(context)], module, context


async def test_rows_are_items(tmp_path: Path) -> None:
    """Statements before the last one prepare it; JSON, instants and numbers come as of any table."""
    path = query(tmp_path, f"CREATE TABLE t AS SELECT 1; -- one\nSELECT {ITEM}(2500) r(n) ORDER BY n;\n")
    found, module, context = await read(path)
    assert [one["id"] for one in found] == [f"i{number}" for number in range(2500)]
    assert found[7]["geometry"] == {"type": "Point", "coordinates": [1, 2]}
    assert found[7]["properties"] == {"datetime": "2024-01-01T00:00:00Z", "n": 7}
    assert context.failure_collector.get_all() == []
    assert any("items.sql" in note and "DuckDB" in note for note in module.summary.notes)


async def test_rows_of_statements_before_the_last_are_passed_over(tmp_path: Path) -> None:
    """A SELECT that isn't the last statement does what it does, and its rows are none of the items."""
    found, _, _ = await read(query(tmp_path, f"SELECT 1 FROM range(5000); SHOW TABLES; SELECT {ITEM}(2) r(n)"))
    assert [one["id"] for one in found] == ["i0", "i1"]


async def test_a_filter_is_applied_to_the_rows(tmp_path: Path) -> None:
    """Filters are those of any file."""
    path = query(tmp_path, f"SELECT {ITEM}(5) r(n)")
    assert [one["id"] for one in (await read(path, query={"n": {"gte": 3}}))[0]] == ["i3", "i4"]
    assert (await read(path, datetime="2025"))[0] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT 'a", "unterminated"),
        ("SELECT id FROM nowhere", "nowhere"),
        ("-- nothing\n", "holds no query"),
        ("CREATE TABLE t AS SELECT 1", "gives no rows"),
        ("COPY (SELECT 1) TO 'never.csv'", "gives no rows"),
        ("EXPLAIN SELECT 1", "gives no rows"),
        ("SELECT id FROM read_csv('no.csv')", "no.csv"),
        ("SELECT 1::BLOB AS geometry, 'a' AS id", "features|cast|BLOB"),
    ],
)
async def test_what_is_no_query_of_items_is_told_in_words(tmp_path: Path, text: str, words: str) -> None:
    """The engine's own words, or what the rows are; nothing comes."""
    path = query(tmp_path, text)
    try:
        found, module, context = await read(path)
    except DataProcessingError as error:
        said = str(error)
    else:
        assert not [one for one in found if "assets" in one]
        said = f"{module.summary.notes} {context.failure_collector.get_all()}"
    assert any(word in said for word in words.split("|")), said


async def test_an_error_in_the_midst_of_rows_is_a_failure(tmp_path: Path) -> None:
    """What came before stays, and the run isn't complete."""
    rows = f"{ITEM}(9000) r(n) WHERE n < 8900 OR error('here' || n) IS NULL"
    found, _, context = await read(query(tmp_path, f"SELECT repeat(n::VARCHAR, 600) AS long, {rows}"))
    failures = context.failure_collector.get_all()
    assert len(failures) == 1
    assert "here" in failures[0].error
    assert 0 < len(found) < 9000


@pytest.mark.parametrize("text", ["INSTALL json; SELECT 1 AS id", "/* x */ FORCE  INSTALL json; SELECT 1 AS id"])
async def test_nothing_is_downloaded_unasked(tmp_path: Path, text: str) -> None:
    """A statement that installs an extension needs the setting, and a query that needs one doesn't fetch it."""
    with pytest.raises(ConfigurationError, match="--allow-remote"):
        await read(query(tmp_path, text))
    nowhere = "SELECT * FROM read_csv('http://127.0.0.1:9/a.csv')"
    for before in ("", "SET autoinstall_known_extensions = true; ", "PRAGMA autoinstall_known_extensions = true; "):
        with pytest.raises(DataProcessingError, match='Install it first using "INSTALL httpfs"'):
            await read(query(tmp_path, before + nowhere))


def test_the_command_says_what_allows_a_download(tmp_path: Path) -> None:
    """The setting is the option that lets servers be asked."""
    path = query(tmp_path, "INSTALL json; SELECT 1 AS id")
    assert main([str(path), "--to", "ndjson", "--output", str(tmp_path / "out")]) == BAD_SETTINGS


async def test_an_extension_that_is_there_is_loaded(tmp_path: Path) -> None:
    """LOAD downloads nothing."""
    found, _, _ = await read(query(tmp_path, f"-- it comes with the engine\nLOAD json; SELECT {ITEM}(1) r(n)"))
    assert len(found) == 1


def test_a_resumed_run_goes_on_by_ids(tmp_path: Path) -> None:
    """A query has no order that stays: what is written is known by its id, in whatever order it comes again."""
    out = tmp_path / "out"
    path = query(tmp_path, f"SELECT {ITEM}(30) r(n)")
    arguments = [str(path), "--to", "ndjson", "--output", str(out)]
    assert main([*arguments, "--max-items", "10"]) == COMPLETE
    query(tmp_path, f"SELECT {ITEM}(30) r(n) ORDER BY n DESC")
    assert main([*arguments, "--resume"]) == COMPLETE
    ids = [json.loads(line)["id"] for line in (out / "items.ndjson").read_text().splitlines()]
    assert sorted(ids) == sorted(f"i{number}" for number in range(30))


def test_a_folder_s_queries_are_not_read(tmp_path: Path) -> None:
    """A file of SQL among items is no item, and makes no folder of another kind."""
    query(tmp_path, "SELECT 1")
    item = {"type": "Feature", "id": "a", "properties": {}}
    (tmp_path / "a.json").write_text(json.dumps(item))
    assert main([str(tmp_path), "--to", "ndjson", "--output", str(tmp_path.parent / "o")]) == COMPLETE
