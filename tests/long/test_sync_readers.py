"""Readers who go by the manifest all the time, while syncs, jobs of the workflow and repairs are killed at random."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import orjson
import pytest

import sync_in_two
from stac_ingest.cli.main import INTERRUPTED
from stac_ingest.outputs.geoparquet import keys_of_part
from stac_ingest.sources.synced import parts_of_sync
from stac_ingest.sync.manifest_file import read_manifest
from synced_files import Files, item
from synced_output import held

LONG = "TEST_LONG" in os.environ
KILLS = int(os.environ.get("TEST_KILLS", "50" if LONG else "2"))
SEED = int(os.environ.get("TEST_SEED", "20261129"))
ITEMS, MONTHS = 60, 4
ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGKILL, signal.SIGINT)
RUNS = ("sync", "repair", "sync in two", "repair", "jobs")
"""What is killed; jobs of the workflow, and syncs of two processes, only in the long test."""
ENDS = (0, 1, -signal.SIGKILL, -signal.SIGINT, INTERRUPTED)
"""Snakemake ends an interruption with 1, as it does a job that was killed."""


class Reader(threading.Thread):
    """Reads by the manifest again and again, and notes what is missing or there twice.

    Attributes:
        wanted: ids that have to be there.
        reads: how often it has read.
        wrong: what it has noted.

    """

    def __init__(self, output: Path) -> None:
        super().__init__(daemon=True)
        self._output = output
        self._ends = threading.Event()
        self.wanted: set[str] = set()
        self.reads = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        """Read until the end."""
        while not self._ends.is_set():
            wanted = self.wanted  # before the manifest: what was there before and isn't gone by any run since
            try:
                parts = parts_of_sync(self._output) or ()
                found = Counter(item_id for path in parts for _, item_id in keys_of_part(self._output / path))
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is a fault
                self.wrong.append(repr(error))
                continue
            self.reads += 1
            twice, lost = [name for name, count in found.items() if count > 1], wanted - found.keys()
            if twice or lost:
                self.wrong.append(f"twice: {sorted(twice)}, missing: {sorted(lost)}")

    def end(self) -> None:
        """Stop reading."""
        self._ends.set()
        self.join()


class Mirror:
    """An output, and what brings it into step."""

    def __init__(self, folder: Path) -> None:
        self.files = Files(folder / "items")
        self.output = folder / "out"
        self._folder = folder

    def change(self, number: int, chance: random.Random) -> None:
        """Change, add and remove items; each in a file, so that few of a part change and small parts come to be."""
        for at in range(ITEMS):
            name, what = f"{at:03d}.json", chance.random()
            if number == 0 or what < 0.15:
                month = 1 + chance.randrange(MONTHS)
                self.files.write(name, item(f"i{at}", day=1 + at % 28, month=month, run=number))
            elif what < 0.2 and (self.files.folder / name).exists():
                self.files.remove(name)

    def start(self, what: str) -> subprocess.Popen[bytes]:
        """Begin to bring the output into step."""
        module = [sys.executable, "-m"]
        source, output = str(self.files.folder), str(self.output)
        command = {
            "sync": [*module, "stac_ingest", "sync", source, "--output", output],
            "sync in two": [sys.executable, sync_in_two.__file__, "sync", source, "--output", output],
            "repair": [
                *(*module, "stac_ingest", "audit", output, "--against", source, "--repair", "--remove-extra"),
                *("--report", str(self._folder / "audit.ndjson")),
            ],
            "jobs": [
                *(*module, "snakemake", "ingest", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"),
                *("--config", f"source={source}", f"output={output}", "sync=true", "items_per_job=8"),
            ],
        }[what]
        environment = {**os.environ, "XDG_CACHE_HOME": str(self._folder / ".cache")}
        return subprocess.Popen(
            command,
            cwd=self._folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def finish(self, what: str) -> float:
        """Bring the output into step, and return the seconds that it took."""
        started = time.monotonic()
        process = self.start(what)
        _, said = process.communicate()
        assert process.returncode in (0, 1), said.decode()
        return time.monotonic() - started


def kill(process: subprocess.Popen[bytes], chosen: signal.Signals) -> None:
    """Kill a process, and all that it has begun where it can't end these itself."""
    if process.poll() is None:
        os.killpg(process.pid, chosen)
    _, said = process.communicate()
    assert process.returncode in ENDS, (process.returncode, said.decode())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="kills groups of processes")
def test_readers_see_each_item_once_all_the_time(tmp_path):
    """Whatever is killed when, a reader misses nothing that was there and isn't gone, and sees nothing twice."""
    chance = random.Random(SEED)
    mirror = Mirror(tmp_path)
    mirror.change(0, chance)
    seconds = {"sync": mirror.finish("sync")}
    reader = Reader(mirror.output)
    reader.wanted = set(held(mirror.output))
    reader.start()
    killed, folded, number = Counter[str](), 0, 0
    try:
        while killed.total() < KILLS:
            number += 1
            what = chance.choice(RUNS) if LONG else RUNS[number % 2]
            before = held(mirror.output)
            mirror.change(number, chance)
            expected = mirror.files.items()
            reader.wanted = set(before) & set(expected)
            if what in seconds:
                process = mirror.start(what)
                try:
                    process.wait(seconds[what] * chance.uniform(0.3, 1))
                except subprocess.TimeoutExpired:
                    killed[what] += 1
                kill(process, chance.choice(SIGNALS))
                assert held(mirror.output) in (before, expected)
            started = mirror.finish(what)
            seconds[what] = min(started, seconds.get(what, started))
            if what == "repair":  # it puts items where the files had them, and knows nothing of the files
                mirror.finish("sync")
            assert held(mirror.output) == expected
            reader.wanted = set(expected)
            manifest = read_manifest(mirror.output)
            folded += sum(len(partition.parts) == 1 for partition in manifest.partitions)
    finally:
        reader.end()
    assert not reader.wrong
    assert reader.reads >= killed.total()
    assert folded
    left = sorted(path.name for path in (mirror.output / "items").rglob("*.part*"))
    assert not [name for name in left if not name.endswith(".parquet")]
    print(f"{dict(killed)} killed, {reader.reads:,} reads meanwhile")  # noqa: T201 - a figure
    assert orjson.loads((mirror.output / "manifest.json").read_bytes())["verdict"] == "complete"
