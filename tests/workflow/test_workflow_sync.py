"""`snakemake ingest ... sync=true`, as a user types it: files and an API that change, kills, the command in between."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from ingest_command import PATIENCE_S, ingest, jobs, start

from ingest_bench.config.server import Server
from ingest_bench.simulator.process import SimulatorProcess
from stac_ingest.sync.lock import locked
from stac_ingest.sync.settings import SyncSettings
from synced_files import Files, item
from synced_output import held

MONTHS = 4
PLAN, RESOLVE = "Looking for what has changed", "Comparing what came with what is held"
PUBLISH, VERDICT = "Publishing the run", "Looking whether all is there"


class Mirror:
    """A folder that is kept in step, by the workflow or by the command."""

    def __init__(self, folder: Path, source: str, *config: str) -> None:
        self.folder = folder
        self.output = folder / "out"
        self._source = source
        self.config = [f"source={source}", "output=out", "sync=true", *config]

    def by_workflow(self, *config: str, code: int = 0) -> str:
        """Run the workflow to its end, and return what it says."""
        return ingest(self.folder, *self.config, *config, code=code)

    def by_command(self, *options: str, code: int = 0, output: str = "out") -> str:
        """Run the command to its end, and return what it says."""
        command = [sys.executable, "-m", "stac_ingest", "sync", self._source, "--output", output, *options]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give a folder of files of some months."""
    files = Files(tmp_path / "items")
    for number in range(12):
        files.write(f"{number:02d}.json", item(f"i{number}", month=1 + number % MONTHS))
    return files


@pytest.fixture
def mirror(files: Files, tmp_path: Path) -> Mirror:
    """Give what keeps these in step, in jobs of few files."""
    return Mirror(tmp_path, "items", "items_per_job=8")


class ChangingApi:
    """A server, in a process of its own, whose items change."""

    def __init__(self, folder: Path, think_ms: int = 0) -> None:
        self._corpus = folder / "corpus"
        self._corpus.mkdir()
        extent = {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]},
        }
        collection = {"type": "Collection", "id": "c", "stac_version": "1.1.0", "description": "x", "license": "other"}
        (self._corpus / "collection.json").write_text(json.dumps({**collection, "extent": extent, "links": []}))
        self.items = {f"i{number}": item(f"i{number}", 1 + number % 28, 1 + number % MONTHS) for number in range(60)}
        self._write()
        self.server = SimulatorProcess(self._corpus, Server(think_ms=think_ms), 1)

    def put(self, name: str, **how: Any) -> None:
        """Add an item, or replace it."""
        self.items[name] = item(name, **how)

    def serve(self) -> None:
        """Have the server serve what there is now."""
        self._write()
        self.server.reload()
        self.server.reset()

    def _write(self) -> None:
        lines = "".join(json.dumps(one) + "\n" for one in self.items.values())
        (self._corpus / "items.ndjson").write_text(lines)


def change(files: Files) -> None:
    """Change some files, of all kinds of changes."""
    files.write("01.json", item("i1", month=2, cloud=1))
    files.write("02.json", item("i2", month=4))
    files.write("12.json", item("i12", month=7))
    files.remove("03.json")


def published(output: Path) -> dict[str, Any]:
    """Return what is published, but for times, and names that no two runs or outputs share."""
    manifest = json.loads((output / "manifest.json").read_bytes())
    journal = [] if manifest["journal"] is None else (output / manifest["journal"]).read_text().splitlines()
    varies = {"output", "started_at", "server_date", "retired", "remembered", "memories", "bytes"}
    kept = {name: value for name, value in manifest.items() if name not in varies}
    partitions = [(one["folder"], one["items"], len(one["parts"])) for one in manifest["partitions"]]
    return {**kept, "partitions": partitions, "journal": sorted(journal)}


@pytest.mark.slow
def test_files_that_change(mirror: Mirror, files: Files) -> None:
    """Jobs deliver what the command does, to the manifest and the journal, and plan alone where nothing changed."""
    said = mirror.by_workflow()
    assert held(mirror.output) == files.items()
    assert f"complete: all items of the source are held: {len(files.items())}" in said
    names = jobs(said)
    assert {name for name in names if name.startswith("Reading")} > {"Reading task 0"}
    assert {name for name in names if name.startswith("Writing")} > {"Writing batch 0"}
    assert set(names.values()) == {1}
    mirror.by_command(output="other")

    change(files)
    said = mirror.by_workflow()
    assert "1 added, 2 changed (1 of them moved to another folder), 1 gone" in said
    assert held(mirror.output) == files.items()
    mirror.by_command(output="other")
    assert published(mirror.output) == published(mirror.folder / "other")

    said = mirror.by_workflow()
    assert jobs(said) == {PLAN: 1, PUBLISH: 1, VERDICT: 1}
    assert published(mirror.output)["counts"]["unchanged"] == 0
    assert published(mirror.output)["generation"] == 3


@pytest.mark.slow
def test_the_command_and_the_workflow_take_turns(mirror: Mirror, files: Files) -> None:
    """What one of them has published, or was killed at, the other one goes on with."""
    mirror.by_command()
    change(files)
    said = mirror.by_workflow()
    assert "1 added, 2 changed" in said
    assert held(mirror.output) == files.items()
    files.write("20.json", item("i20"))
    assert "1 added, 0 changed" in mirror.by_command()
    assert held(mirror.output) == files.items()
    files.remove("20.json")
    assert "0 added, 0 changed, 1 gone" in mirror.by_workflow("gone=remove")
    assert held(mirror.output) == files.items()
    left = sorted(path.name for path in (mirror.output / ".sync/jobs").iterdir())
    assert left == ["00000004"]


@pytest.mark.slow
def test_an_api_that_changes(tmp_path: Path) -> None:
    """New, changed, moved and gone items of an API come by jobs; where nothing changed, the plan alone asks."""
    api = ChangingApi(tmp_path)
    with api.server as server:
        mirror = Mirror(
            tmp_path, server.url, "collection=c", "limit=10", "items_per_job=32", "jobs=2", "max_in_flight=2"
        )
        said = mirror.by_workflow()
        assert {name for name in jobs(said) if name.startswith("Reading")} > {"Reading task 0"}
        assert held(mirror.output).keys() == api.items.keys()

        api.put("new", month=2)
        api.put("i1", day=2, month=2, cloud=7)
        api.put("i2", day=3, month=7)
        del api.items["i3"]
        api.serve()
        said = mirror.by_workflow()
        assert "1 added, 2 changed (1 of them moved to another folder), 1 gone" in said
        found = held(mirror.output)
        assert found.keys() == api.items.keys()
        assert found["i1"]["properties"]["cloud"] == 7

        asked = requests(said)
        server.reset()
        said = mirror.by_workflow()
        assert "0 added, 0 changed, 0 gone" in said
        assert requests(said)["planning"] >= 1
        assert server.stats().requests >= sum(requests(said).values())
        assert asked.keys() >= {"items"}


def requests(said: str) -> dict[str, int]:
    """Return the requests that a run says that it has sent, by their kind."""
    (line,) = re.findall(r"^requests: .*$", said, re.MULTILINE)
    return {kind: int(count.replace(",", "")) for count, kind in re.findall(r"([\d,]+) for (\w+)", line)}


@pytest.mark.slow
def test_killed_and_gone_on_with(tmp_path: Path) -> None:
    """After a kill readers see the run before; the next call says so, reads what is missing alone, and ends the run."""
    api = ChangingApi(tmp_path, think_ms=150)
    with api.server as server:
        mirror = Mirror(tmp_path, server.url, "collection=c", "limit=2", "items_per_job=32", "jobs=1", "concurrency=1")
        run = start(tmp_path, *mirror.config)
        work = mirror.output / ".sync/work/00000001"
        while not list(work.glob("task-*.json")):
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.01)
        below = psutil.Process(run.pid).children(recursive=True)
        run.kill()
        run.communicate(timeout=PATIENCE_S)
        psutil.wait_procs(below, PATIENCE_S)
        assert held(mirror.output) == {}
        done = {path.stem.removeprefix("task-") for path in work.glob("task-*.json")}
        planned = {str(task["number"]) for task in json.loads((work / "plan.json").read_bytes())["plan"]["tasks"]}
        assert done < planned

        said = mirror.by_workflow()
        assert "resuming the run that began at" in said
        names = jobs(said)
        assert PLAN not in names
        read = {name.removeprefix("Reading task ") for name in names if name.startswith("Reading")}
        assert read == planned - done
        assert held(mirror.output).keys() == api.items.keys()
        assert published(mirror.output)["generation"] == 1


@pytest.mark.slow
def test_what_can_not_be_read_is_named(mirror: Mirror, files: Files) -> None:
    """A broken file loses no other item; it is named, and the command fails, until the file is mended."""
    (files.folder / "05.json").write_text("{")
    said = mirror.by_workflow(code=1)
    assert "truncated: " in said
    assert "05.json" in said
    assert "1 failure: see out/changes/00000001.failures.ndjson" in said
    assert held(mirror.output).keys() == {f"i{number}" for number in range(12) if number != 5}
    files.write("05.json", item("i5", month=2))
    assert "1 added, 0 changed, 0 gone" in mirror.by_workflow()
    assert held(mirror.output) == files.items()


def test_one_sync_at_a_time(mirror: Mirror, files: Files) -> None:
    """While another sync has the output, the workflow ends with a line that says so, and changes nothing."""
    mirror.by_command()
    before = (mirror.output / "manifest.json").read_bytes()
    change(files)
    with locked(SyncSettings(source={"mode": "file", "source": "items"}, output=mirror.output)):
        said = mirror.by_workflow(code=1)
    assert "another sync of out is at work" in said
    assert "Traceback" not in said
    assert (mirror.output / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (["gome=keep"], "gome: unknown key; did you mean gone?"),
        (
            ["source=https://example.com/stac"],
            "example.com is not this machine; allow_remote=true allows requests to it",
        ),
    ],
    ids=["misspelt", "remote"],
)
def test_a_wrong_command_is_told_in_words(tmp_path: Path, files: Files, config: list[str], said: str) -> None:
    """One line says which setting it is and what to do, and nothing is made."""
    found = ingest(tmp_path, "source=items", "output=out", "sync=true", *config, code=1)
    assert said in found
    assert "Traceback" not in found
    assert not (tmp_path / "out").exists()


def test_what_is_held_is_not_mixed_with_other_items(mirror: Mirror) -> None:
    """Settings that ask for other items than before are refused."""
    mirror.by_command("--partition", "year")
    assert "partition: out is kept in step with other items" in mirror.by_workflow(code=1)
