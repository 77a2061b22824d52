"""Samples in processes of their own, on real files."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from factories import reference
from ingest_bench.arms import ArmSpec, arm_kind, arm_names
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.spawn import COMMAND, run_sample
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.results.digest import matches
from ingest_bench.results.models import Digest, Sample
from ingest_bench.system.page_cache import cached_share, fill

COUNT = 150
BROKEN = {"item-005.json": b"", "item-077.json": b'{"id": "item', "item-149.json": b"\xff\xfe"}


def item(number: int) -> dict[str, Any]:
    """Return a small STAC item."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"item-{number:03}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [1.5, 2.25]},
        "bbox": [1.5, 2.25, 1.5, 2.25],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "number": number},
        "links": [],
        "assets": {"data": {"href": f"https://data.test/{number}.tif"}},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of item files."""
    folder = tmp_path_factory.mktemp("items")
    for number in range(COUNT):
        (folder / f"item-{number:03}.json").write_text(json.dumps(item(number)))
    os.sync()
    return folder


@pytest.fixture(scope="module")
def broken(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same folder with some files broken."""
    target = tmp_path_factory.mktemp("broken")
    for path in folder.iterdir():
        (target / path.name).write_bytes(BROKEN.get(path.name, path.read_bytes()))
    return target


def run(arm: ArmSpec, **options: Any) -> dict[str, Any]:
    """Run a sample of an arm."""
    return run_sample(SampleSpec(arm, options.pop("content_class", None), os.getpid(), **options), 60)


FILE_ARMS = [
    ("ingest", 1, {}),
    ("ingest", 5, {"worker_strategy": "semaphore"}),
    ("ingest", 5, {"worker_strategy": "queue"}),
    ("stac_manager", 1, {}),
    ("stac_manager", 5, {}),
    ("aiofiles", 1, {}),
    ("aiofiles", 5, {}),
    ("process_pool", 2, {}),
]


@pytest.mark.parametrize(("fetcher", "concurrency", "settings"), FILE_ARMS)
def test_every_file_arm_delivers_the_same(
    folder: Path, broken: Path, fetcher: str, concurrency: int, settings: dict[str, Any]
) -> None:
    """Each arm delivers exactly the good items, and reports exactly the broken files, by name."""
    for source, lost in ((folder, set()), (broken, set(BROKEN))):
        arm = ArmSpec(fetcher, "item_files", str(source), concurrency=concurrency, settings=settings)
        result = run(arm)
        good = [item(number) for number in range(COUNT) if f"item-{number:03}.json" not in lost]
        assert matches(Digest.model_validate(result["digest"]), reference(good)) is None
        assert [Path(origin).name for origin in result["failed"]] == sorted(lost)
        assert result["failures"] == len(lost)


@pytest.mark.parametrize("fetcher", ["ingest", "stac_manager", "aiofiles", "process_pool"])
def test_max_items_ends_an_arm(folder: Path, fetcher: str) -> None:
    """An arm that is to stop after so many items does, and the process ends well."""
    assert run(ArmSpec(fetcher, "item_files", str(folder), concurrency=3, max_items=70))["items"] == 70


def test_a_sample_measures_what_a_sample_has(folder: Path) -> None:
    """The result fits a `Sample`: times, memory and counts are there and make sense."""
    result = run(ArmSpec("ingest", "item_files", str(folder)), content_class=3)
    sample = Sample(**result, role="candidate", pair=0)
    assert 0 < (sample.first_item_s or 0) <= sample.wall_s
    assert 0 < sample.start_rss_mib <= sample.peak_rss_mib
    assert sample.cpu_user_s + sample.cpu_system_s > 0
    assert (sample.read_calls or 0) >= COUNT
    assert sample.bytes_read == sum(path.stat().st_size for path in folder.iterdir())
    assert (sample.items, sample.digest.content_class, sample.requests) == (COUNT, 3, None)


def reads_items(fetcher: str) -> bool:
    """Return whether an arm itself reads JSON files, and neither writes tables nor keeps account of items in some."""
    kind = arm_kind(fetcher)
    alone = not kind.writes and not kind.whole_process
    return "item_files" in kind.reads and alone and not fetcher.startswith("checkpoint")


@pytest.mark.parametrize("fetcher", [*filter(reads_items, arm_names())])
def test_a_sample_of_json_files_is_lean(folder: Path, fetcher: str) -> None:
    """No sample of JSON files loads Arrow, pandas, DuckDB or an HTTP client, unless it writes tables by itself."""
    arm = ArmSpec(fetcher, "item_files", str(folder), concurrency=2)
    script = (
        "import sys, runpy\n"
        "runpy.run_module('ingest_bench.harness.worker', run_name='__main__')\n"
        "heavy = {'pyarrow', 'pandas', 'duckdb', 'aiohttp', 'requests', 'pystac_client', 'numpy', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=SampleSpec(arm, None, os.getpid()).to_json(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == b"[]"


def test_a_cold_sample_reads_from_the_disk(folder: Path) -> None:
    """A cold sample drops the files from memory, and then reads all of them from the disk; a warm one doesn't."""
    files, arm = sorted(folder.iterdir()), ArmSpec("ingest", "item_files", str(folder))
    for path in files:
        with path.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if cached_share(files):
        pytest.skip("this file system keeps files in memory")
    run(arm)  # whatever else a sample reads, this one has read
    from_disk = {}
    for evict in (None, str(folder)):
        fill(files)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_inblock
        result = run(arm, evict=evict)
        from_disk[evict] = 512 * (resource.getrusage(resource.RUSAGE_CHILDREN).ru_inblock - before)
        assert (result["items"], result["notes"]) == (COUNT, [])
    assert from_disk[str(folder)] - from_disk[None] >= sum(path.stat().st_size for path in files)


def test_what_is_held_shows_in_the_peak(folder: Path, tmp_path: Path) -> None:
    """What an arm holds shows in the peak of its memory, and so does what its children hold."""
    for number in range(40):
        (tmp_path / f"{number}.json").write_text(json.dumps({**item(number), "filling": "x" * 1_000_000}))
    small = run(ArmSpec("stac_manager", "item_files", str(folder), concurrency=50))
    large = run(ArmSpec("stac_manager", "item_files", str(tmp_path), concurrency=50))
    assert large["peak_rss_mib"] - small["peak_rss_mib"] > 30
    children = run(ArmSpec("process_pool", "item_files", str(tmp_path)))
    assert children["peak_rss_mib"] - small["peak_rss_mib"] > 70


@pytest.mark.parametrize("output", ["items", "ndjson", "geoparquet"])
def test_what_a_pipeline_wrote_is_what_was_ingested(folder: Path, tmp_path: Path, output: str) -> None:
    """The digest of a mixed workload is that of the files it wrote; its stages' seconds add up to about its time."""
    arm = ArmSpec("ingest", "item_files", str(folder), concurrency=4, settings={"worker_strategy": "queue"})
    result = run(arm, output=output, scratch=str(tmp_path))
    expected = reference([item(number) for number in range(COUNT)])
    assert matches(Digest.model_validate(result["digest"]), expected) is None
    assert 0 < sum(result["stages"].values()) <= result["wall_s"]
    assert any(tmp_path.iterdir())


def test_what_shards_wrote_is_what_was_ingested(folder: Path, tmp_path: Path) -> None:
    """Shards by two processes deliver the items of the source, and no more is in the sample than what they took."""
    result = run(
        ArmSpec("sharded", "item_files", str(folder), concurrency=2), output="geoparquet", scratch=str(tmp_path)
    )
    expected = reference([item(number) for number in range(COUNT)])
    assert matches(Digest.model_validate(result["digest"]), expected) is None
    assert len(list((tmp_path / "items").iterdir())) == 8
    assert result["stages"] == {}


def test_a_trace_has_memory_and_no_times(folder: Path) -> None:
    """The pass that traces memory takes the first items and measures nothing else."""
    result = run(ArmSpec("ingest", "item_files", str(folder)), tracemalloc_items=50)
    assert result.keys() == {"items", "peak_mib"}
    assert result["items"] == 50
    assert result["peak_mib"] > 0


def test_a_failing_sample_is_quoted(tmp_path: Path) -> None:
    """A sample that fails is an error with its own last words; one that takes too long is an error that says so."""
    with pytest.raises(
        MeasurementError, match=r"ingest at concurrency 1 failed with exit code 1: ConfigurationError: File not found"
    ):
        run(ArmSpec("ingest", "item_files", str(tmp_path / "nothing")))
    with pytest.raises(MeasurementError, match=r"took more than 0\.01 s"):
        run_sample(SampleSpec(ArmSpec("ingest", "item_files", str(tmp_path)), None, os.getpid()), 0.01)


def test_the_shell_does_not_reach_a_sample(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the shell and modules of the working directory are kept out of what is measured."""
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert run(ArmSpec("stac_manager", "item_files", str(folder)))["items"] == COUNT


def test_a_sample_whose_driver_is_gone_ends(folder: Path) -> None:
    """A sample that finds another parent than it was told ends at once, without a result."""
    spec = SampleSpec(ArmSpec("ingest", "item_files", str(folder)), None, parent=1 << 22)
    done = subprocess.run(COMMAND, input=spec.to_json(), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


DRIVER = """
import os, signal, sys
from ingest_bench.arms.base import ArmSpec
from ingest_bench.harness.spawn import run_sample
from ingest_bench.harness.spec import SampleSpec
signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background, it is ignored
run_sample(SampleSpec(ArmSpec("process_pool", "item_files", sys.argv[1], concurrency=2), None, os.getpid()), 60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_a_driver(tmp_path: Path, number: signal.Signals) -> None:
    """However a driver ends, its sample and that sample's workers end with it."""
    os.mkfifo(tmp_path / "never.json")  # a file that blocks whoever reads it
    with subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], stderr=subprocess.DEVNULL) as driver:
        children = _descendants(driver.pid, 3)
        driver.send_signal(number)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def _descendants(parent: int, count: int) -> list[psutil.Process]:
    """Wait until a process has so many descendants, and return them."""
    for _ in range(1000):
        found = psutil.Process(parent).children(recursive=True)
        if len(found) >= count:
            return found
        time.sleep(0.02)
    pytest.fail(f"{count} processes never started")
