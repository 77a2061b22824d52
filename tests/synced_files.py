"""Files of items that change, for tests of a sync."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from stac_ingest.sync.settings import SyncSettings


class Files:
    """Files of items, whose times are long ago and never the same."""

    def __init__(self, folder: Path):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._time = 10**18

    def write(self, name, *items):
        """Write a file of one or more items."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = name.endswith(".ndjson")
        text = items[0] if len(items) == 1 and not lines else {"type": "FeatureCollection", "features": list(items)}
        path.write_bytes(b"".join(orjson.dumps(item) + b"\n" for item in items) if lines else orjson.dumps(text))
        self.touch(name)

    def touch(self, name):
        """Give a file a time that no file had before."""
        self._time += 10**9
        os.utime(self.folder / name, ns=(self._time, self._time))

    def remove(self, name):
        """Remove a file."""
        (self.folder / name).unlink()

    def items(self):
        """Return the items of all files that hold one each, by id."""
        found = (orjson.loads(path.read_bytes()) for path in self.folder.rglob("*.json"))
        return {one["id"]: one for one in found}


def item(item_id, day=1, month=1, updated=None, **properties):
    """Make an item of a day of 2024."""
    times = {"datetime": f"2024-{month:02d}-{day:02d}T00:00:00Z"}
    if updated is not None:
        times["updated"] = f"2025-01-{updated:02d}T00:00:00Z"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": times | properties,
        "links": [],
        "assets": {},
    }


def three_months(folder):
    """Write twelve files of an item each, of three months."""
    files = Files(folder)
    for number in range(12):
        files.write(f"{number:02d}.json", item(f"i{number}", month=1 + number % 3))
    return files


def change(files):
    """Change some of them: one is another item now, one moves, one comes and one goes. Return what they hold then."""
    files.write("01.json", item("i1", month=2, cloud=1))
    files.write("02.json", item("i2", month=1))
    files.write("12.json", item("i12", month=7))
    files.remove("03.json")
    return files.items()


def small_tasks(files, output, monkeypatch):
    """Return the settings of a sync that reads few files in a task. It doesn't wait for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return SyncSettings(source={"mode": "file", "source": str(files.folder)}, output=output, task_items=3)
