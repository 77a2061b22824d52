"""What is kept of runs, and how it is read again: each once, from wherever it is."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest_bench.errors import ComparisonError
from ingest_bench.history.entries import RUNS, keep, rows_of
from ingest_bench.history.inputs import read_history
from ingest_bench.receipt.archive import packed, read_receipt
from ingest_bench.results.history_table import history_columns, history_table, read_history_table
from ingest_bench.results.models import Results

ROOT = Path(__file__).parents[4]
OLD = ROOT / "tests/unit/ingest_bench/results/results-1.0.json"
RECEIPT = ROOT / "docs/run/receipt.zip"

Write = Callable[[Results, str], Path]


def test_a_run_is_kept_once(world: Any, tmp_path: Path) -> None:
    """A run that is brought together again, at another moment, has its file already, which isn't written again."""
    results = world().run(0)
    path = keep(results, tmp_path)
    before = path.stat()
    assert keep(results.model_copy(update={"created_at": results.created_at + 60}), tmp_path) == path
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    keep(world().run(1), tmp_path)
    assert len(list((tmp_path / RUNS).iterdir())) == 2


def test_a_kept_run_is_read_as_it_was(world: Any, tmp_path: Path) -> None:
    """The table gives back every row with every value, and each of its columns has a meaning."""
    rows = rows_of(world().run(0))
    assert read_history_table(keep(world().run(0), tmp_path).read_bytes()) == rows
    assert all(column.meaning for column in history_columns())
    assert len(rows) == 6
    assert {row.cell for row in rows if row.is_null_cell} == {"s0/base-1", "s1/base-1"}
    assert [row.speedup for row in rows if row.is_null_cell] == [1.0, 1.0]


def test_a_run_that_is_met_twice_counts_once(world: Any, write: Write, tmp_path: Path) -> None:
    """Results, their table, and a folder that holds both give the rows of one run."""
    results = world().run(0)
    path, table = write(results, "machine"), keep(results, tmp_path / "machine")
    assert read_history([path, table, tmp_path]).rows == rows_of(results)


def test_pairs_that_are_added_later_are_the_same_measurement(world: Any, tmp_path: Path) -> None:
    """Of a cell that got further pairs, the last state counts; its other cells stay those of the first run."""
    whole = world().run(0)
    part = whole.cells[1].model_copy(update={"samples": whole.cells[1].samples[:2], "speedup": None})
    first = whole.model_copy(update={"cells": [whole.cells[0], part, *whole.cells[2:]], "created_at": 1.0})
    keep(first, tmp_path)
    keep(whole, tmp_path)
    rows = read_history([tmp_path]).rows
    assert [row.pairs for row in rows] == [4] * 6
    assert [row.run == rows_of(first)[0].run for row in rows] == [place != 1 for place in range(6)]


def test_other_settings_or_items_are_another_question(world: Any) -> None:
    """Captions and the sampling leave the question as it is; a setting of the arm, or other items, make it another."""
    one = world()
    asked = [row.question for row in rows_of(one.run(0))]
    one.config["scenarios"]["s0"]["title"] = "Another title"
    one.config["sampling"] = {"budget_seconds": 5}
    assert [row.question for row in rows_of(one.run(1))] == asked
    one.config["scenarios"]["s0"]["arms"]["arm_0"]["settings"] = {"worker_strategy": "queue"}
    assert [a == b for a, b in zip(asked, (row.question for row in rows_of(one.run(1))), strict=True)].count(False) == 1
    fewer = {"kind": "item_files", "reference": {"count": 7, "ids": "0", "content": ["0"]}, "broken": {}}
    assert not {row.question for row in rows_of(one.run(1, corpora={"files": fewer}))} & set(asked)


def test_runs_of_earlier_releases_are_read() -> None:
    """Results of schema 1.0 give rows, under the names of now."""
    rows = read_history([OLD]).rows
    assert len(rows) == len(json.loads(OLD.read_bytes())["cells"])
    assert all(row.peak_rss_mib and row.wall_s for row in rows if row.pairs)


def test_the_published_receipt_is_read() -> None:
    """A receipt is enough to put a stranger's machine beside this one."""
    rows = read_history([RECEIPT]).rows
    held = json.loads(zipfile.ZipFile(RECEIPT).read("benchmark_results.json"))
    assert len(rows) == len(held["cells"])
    assert any(row.bottleneck for row in rows)
    assert any(row.recommended for row in rows)


def test_a_receipt_that_names_a_python_file_is_refused(tmp_path: Path) -> None:
    """Reading a stranger's run never runs a file of this machine."""
    files, _ = read_receipt(RECEIPT)
    held = json.loads(files["benchmark_results.json"])
    marker = tmp_path / "ran"
    arm = tmp_path / "arm.py"
    arm.write_text(f"open({str(marker)!r}, 'w')")
    next(iter(held["config"]["scenarios"].values()))["arms"]["mine"] = {"python": str(arm)}
    path = tmp_path / "receipt.zip"
    path.write_bytes(packed({**files, "benchmark_results.json": json.dumps(held).encode()}))
    with pytest.raises(ComparisonError, match="is a Python file, which would be run"):
        read_history([path])
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("benchmark_results.json", b"{", "is not JSON"),
        ("benchmark_results.json", b"{}", "has no schema_version"),
        ("receipt.zip", b"PK", "not a receipt"),
        ("runs/x.parquet", b"PAR1", "is damaged"),
    ],
    ids=["no JSON", "no results", "no archive", "no table"],
)
def test_what_cannot_be_used_is_named(world: Any, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """A file that is named stops the command with what is wrong; in a folder it is left out, and all else is read."""
    path = tmp_path / "given" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ComparisonError, match=words) as caught:
        read_history([path])
    assert str(path) in str(caught.value)
    keep(world().run(0), tmp_path)
    history = read_history([tmp_path])
    assert len(history.rows) == 6
    assert len(history.left_out) == 1
    assert words in history.left_out[0]


def test_tables_of_others_and_values_that_cannot_be(world: Any, tmp_path: Path) -> None:
    """A foreign table is refused by name and passed over in a folder; a time that can't be damages its file."""
    foreign = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    with pytest.raises(ComparisonError, match="a table, but not one of"):
        read_history([foreign])
    with pytest.raises(ComparisonError, match=r"expected benchmark_results\.json"):
        read_history([tmp_path / "notes.txt"])
    with pytest.raises(ComparisonError, match=r"runs\.parquet: can't be read: No such file"):
        read_history([tmp_path / "runs.parquet"])
    history = read_history([tmp_path])
    assert (history.rows, history.left_out) == ([], [])
    rows = rows_of(world().run(0))
    wrong = tmp_path / "wrong.parquet"
    wrong.write_bytes(history_table([rows[0].model_copy(update={"wall_s": -1.0})]))
    with pytest.raises(ComparisonError, match="wall_s"):
        read_history([wrong])


@pytest.mark.parametrize(
    "changed",
    [{"scenario": "../../outside"}, {"arm": "a/b"}, {"packages": "[]"}, {"packages": "x"}, {"speedup_low": None}],
    ids=["scenario", "arm", "packages", "no packages", "half a speed-up"],
)
def test_a_strangers_table_with_a_wrong_value_is_damaged(world: Any, tmp_path: Path, changed: dict[str, Any]) -> None:
    """Names that would lead out of the folder, and values that can't be, end in a sentence, and nothing is written."""
    rows = rows_of(world().run(1))
    row = next(each for each in rows if each.speedup is not None)
    path = tmp_path / "theirs" / "run.parquet"
    path.parent.mkdir()
    path.write_bytes(history_table([row.model_copy(update=changed)]))
    with pytest.raises(ComparisonError, match="is damaged"):
        read_history([path])
    assert [each.name for each in tmp_path.iterdir()] == ["theirs"]
