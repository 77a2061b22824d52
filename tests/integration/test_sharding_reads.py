"""What an ingest in shards looks at: the folder is listed once, and each file is read once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sharding_items import item

ITEMS, SHARDS = 40, 4
INGEST = """
import json, sys
from pathlib import Path

source, output = sys.argv[1:]
seen = []
# What a process asks of the system passes here, whatever asks it.
sys.addaudithook(lambda event, args: seen.append((event, str(args[0]))) if event in EVENTS else None)
EVENTS = {"os.listdir", "os.scandir", "open"}

from stac_ingest.sharding import ShardedIngest, finalize_ingest, read_plan, run_shard
from stac_ingest.sharding.status import IngestStatus

settings = ShardedIngest.parse({"source": source, "output": output, "shards": SHARDS})
IngestStatus(settings).planned()
plan = read_plan(settings.state_folder / "plan.json")
for shard in plan.shards:
    run_shard(plan, shard.number)
report = finalize_ingest(plan)
print(json.dumps([report.items, seen]))
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write a folder of items."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(ITEMS):
        (folder / f"{number:04d}.json").write_text(json.dumps(item(number)))
    return folder


def test_the_folder_is_listed_once_and_each_file_is_read_once(source: Path, tmp_path: Path) -> None:
    """Four shards need a look at what the folder holds, a listing, and no file twice, but for one in each slice."""
    code = INGEST.replace("SHARDS", str(SHARDS))
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    items, seen = json.loads(ended.stdout)
    assert items == ITEMS
    assert [event for event, path in seen if event != "open" and path == str(source)] == ["os.scandir", "os.listdir"]
    opened = Counter(Path(path).name for event, path in seen if event == "open")
    # The first of a slice is looked at before it is read, to see whether files have to come from the disk.
    firsts = range(0, ITEMS, ITEMS // SHARDS)
    wanted = {f"{number:04d}.json": 2 if number in firsts else 1 for number in range(ITEMS)}
    assert {name: opened[name] for name in wanted} == wanted
