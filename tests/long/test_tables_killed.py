"""Runs into Delta Lake and Iceberg tables that are killed at any moment: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyiceberg.table import StaticTable

ITEMS = 6000
KILLS = 30 if "TEST_LONG" in os.environ else 1
SMALL_COMMITS = """
import sys
from stac_ingest.outputs.table_format import TableFormatOutput
begin = TableFormatOutput.__init__
TableFormatOutput.__init__ = lambda self, folder, **_: begin(self, folder, part_items=300)
from stac_ingest.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def ids(name: str, table: Path) -> list[str]:
    if name == "delta":
        found = pa.RecordBatchReader.from_stream(DeltaTable(table).scan(columns=["id"])).read_all()
    else:
        found = StaticTable.from_metadata(str(table)).scan(selected_fields=("id",)).to_arrow()
    return [str(item_id) for item_id in found.column("id").to_pylist()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["delta", "iceberg"])
def test_killed_runs_go_on(tmp_path: Path, name: str) -> None:
    """However often a process is killed, the last one ends with each item once."""
    source, moments = tmp_path / "a.ndjson", random.Random(7)
    with source.open("w") as lines:
        for number in range(ITEMS):
            properties = {"datetime": "2024-01-01T00:00:00Z", "n": number}
            item = {"type": "Feature", "id": f"i{number}", "geometry": None, "properties": properties}
            lines.write(json.dumps(item) + "\n")
    arguments = [str(source), "--to", name, "--output", str(tmp_path / "out"), "--resume"]
    command = [sys.executable, "-c", SMALL_COMMITS, *arguments]
    for _ in range(KILLS):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(timeout=moments.uniform(0.8, 3))
            except subprocess.TimeoutExpired:
                process.kill()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert sorted(ids(name, tmp_path / "out" / "table")) == sorted(f"i{number}" for number in range(ITEMS))
