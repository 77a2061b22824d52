"""`snakemake ingest`, as a user types it: folders, GeoParquet files, an API; killed, changed, asked wrongly."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ingest_command import PATIENCE_S, ROOT, ingest, jobs, start, writer_of

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build

ITEMS = 90
PLANNING = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from snakemake.cli import main
main(sys.argv[1:])
"""
VERDICT = "Looking whether all items came"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder to work in, without a matrix."""
    return tmp_path


def delivered(output: Path) -> dict[str, int]:
    """Count how often each item is in the parts, having seen that these are what manifest and certificate say."""
    manifest = json.loads((output / "manifest.json").read_bytes())
    certificate = json.loads((output / "certificate.json").read_bytes())
    parts = [output / part["path"] for part in manifest["parts"]]
    assert sorted(parts) == sorted((output / "items").iterdir())
    assert [part["bytes"] for part in manifest["parts"]] == [path.stat().st_size for path in parts]
    ids = Counter(found for path in parts for found in pq.read_table(path, columns=["id"])["id"].to_pylist())
    assert ids.total() == manifest["items"] == certificate["items"]
    assert manifest["verdict"] == certificate["verdict"] == "complete"
    return dict(ids)


def corpus(folder: Path, kind: str, **more: Any) -> Path:
    """Make items to ingest."""
    build("source", Corpus(kind=kind, items=ITEMS, **more), 7, folder / "source", folder / "source.json", 1)
    return folder / "source"


def test_a_folder_is_ingested_once_and_goes_on_with_what_changed(folder: Path) -> None:
    """Each item comes once, a second call runs no shard, and an edit or a lost part costs the shard that it is in."""
    source = corpus(folder, "item_files")
    ingest(folder, "--dry-run", "--config", "source=source", "output=out", "shards=3")
    assert not (folder / "out").exists()
    said = ingest(folder, "source=./source/", "output=out", "shards=3")
    assert "out/shards/plan.json: not planned yet; now planned, 3 shards" in said
    # No job for the plan: files are listed once, by the process that begins the jobs.
    assert jobs(said) == {
        **{f"Ingesting shard 0000{number}": 1 for number in range(3)},
        "Checking the shards and signing for the whole": 1,
        VERDICT: 1,
    }
    found = delivered(folder / "out")
    assert len(found) == ITEMS
    assert set(found.values()) == {1}
    assert jobs(ingest(folder, "source=source", "output=out", "shards=3")) == {VERDICT: 1}

    edited = sorted(source.glob("*.json"))[ITEMS // 2]
    edited.write_text(json.dumps({**json.loads(edited.read_bytes()), "id": "edited"}))
    said = ingest(folder, "source=source", "output=out", "shards=3")
    assert "out/shards/plan.json: the source has changed; now planned, 3 shards" in said
    assert [name for name in jobs(said) if name.startswith("Ingesting")] == ["Ingesting shard 00001"]
    assert delivered(folder / "out")["edited"] == 1
    assert len(delivered(folder / "out")) == ITEMS

    (folder / "out/items/part-00002.parquet").unlink()
    said = ingest(folder, "source=source", "output=out", "shards=3")
    assert "now planned" not in said
    assert [name for name in jobs(said) if name.startswith("Ingesting")] == ["Ingesting shard 00002"]
    assert set(delivered(folder / "out").values()) == {1}


def test_an_ingest_loads_nothing_of_the_matrix(folder: Path) -> None:
    """The process that plans loads, beside Snakemake, what cuts a source: no cells, no results, no output."""
    corpus(folder, "item_files")
    asked = ["ingest", "-n", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    done = subprocess.run(
        [sys.executable, "-c", PLANNING, *asked, "--config", "source=source", "output=out"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    loaded = {name for name in done.stderr.split() if name.startswith(("ingest_bench.", "stac_ingest."))}
    assert "stac_ingest.sharding.splitters.item_files" in loaded
    rooms = {".".join(name.split(".")[:2]) for name in loaded}
    assert {name for name in rooms if name.startswith("ingest_bench")} == {
        "ingest_bench.errors",
        "ingest_bench.system",
        "ingest_bench.workflow",
    }
    assert not {f"stac_ingest.{room}" for room in ("api", "cli", "geoparquet", "outputs", "pipeline", "sync")} & rooms
    assert "ingest_bench.workflow.staleness" not in loaded


@pytest.mark.slow
def test_settings_mean_what_is_typed_and_an_output_is_a_source(folder: Path) -> None:
    """Names of digits stay what they are, in the jobs too; and what was written is read, without its reports."""
    corpus(folder, "item_files")
    ingest(folder, "source=source", "output=007", "shards=02")
    found = delivered(folder / "007")
    assert len(found) == ITEMS
    (folder / "settings.yaml").write_text("source: 007\noutput: 0x10\nshards: 010\n")
    said = ingest(folder, "--configfile", "settings.yaml")
    assert delivered(folder / "0x10") == found
    assert f"complete: all {ITEMS} items came" in said


@pytest.mark.slow
def test_geoparquet_files_are_ingested_and_no_other_in_their_place(folder: Path) -> None:
    """A folder of tables gives each of its items once, and what is there is never taken for another source's."""
    corpus(folder, "geoparquet", files=3)
    ingest(folder, "source=source", "output=out", "shards=2")
    found = delivered(folder / "out")
    assert len(found) == ITEMS
    assert set(found.values()) == {1}
    (folder / "source").rename(folder / "other")
    assert "belongs to another ingest" in ingest(folder, "source=other", "output=out", code=1)
    assert "source: source is not there" in ingest(folder, "source=source", "output=out", code=1)


@pytest.mark.slow
def test_killed_shards_of_an_api_run_again_alone(folder: Path, stac_server: Any) -> None:
    """When a shard is killed, and then the whole run is, only what is missing runs; then nothing is asked any more."""
    server = stac_server(items=ITEMS, options=["--think-ms", "100"])
    config = [f"source={server.url}", "collection=sentinel-2-l2a", "output=out", "shards=3", "limit=5", "concurrency=1"]
    state = folder / "out/shards"
    run = start(folder, *config)
    writer_of(state / "logs/00001.log", run).kill()
    run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    # The job beside it goes to its end; whether one more is begun before the loss is noticed is a matter of time.
    assert certified(state)
    assert "00001" not in certified(state)

    run = start(folder, *config)
    shard = writer_of(state / "logs/00001.log", run)
    run.kill()
    run.communicate(timeout=PATIENCE_S)
    shard.wait(PATIENCE_S)
    done = certified(state)
    assert "00001" not in done
    assert {path.name for path in (folder / "out/items").iterdir()} == {f"part-{name}.parquet" for name in done}

    said = jobs(ingest(folder, *config))
    missing = {"00000", "00001", "00002"} - done
    assert {name for name in said if "shard 0" in name} == {f"Ingesting shard {name}" for name in missing}
    assert "Planning the ingest" not in said
    found = delivered(folder / "out")
    assert len(found) == ITEMS
    assert set(found.values()) == {1}
    before = server.stats().requests
    assert jobs(ingest(folder, *config)) == {VERDICT: 1}
    assert server.stats().requests == before


def certified(state: Path) -> set[str]:
    """Name the shards that have a certificate."""
    return {path.stem for path in state.glob("0*.json")}


@pytest.mark.slow
def test_jobs_that_run_at_once_share_what_a_host_allows(folder: Path, stac_server: Any) -> None:
    """Two jobs of an API that bears four requests at once never have more than four under way between them."""
    server = stac_server(items=ITEMS, options=["--think-ms", "50"])
    config = [f"source={server.url}", "collection=sentinel-2-l2a", "output=out", "shards=2", "limit=1"]
    ingest(folder, *config, "max_in_flight=4", "concurrency=20", "worker_strategy=time_chunks")
    assert 2 < server.stats().in_flight_peak <= 4
    assert len(delivered(folder / "out")) == ITEMS


@pytest.mark.slow
def test_not_all_came_is_a_failure_every_time(folder: Path) -> None:
    """A broken file is named in the certificate; the command fails, and does so again without reading anything."""
    source = corpus(folder, "item_files")
    (source / "broken.json").write_text("{")
    said = ingest(folder, "source=source", "output=out", code=1)
    assert f"truncated: {ITEMS} items came, and 1 could not be used" in said
    assert "broken.json" in (folder / "out/certificate.json").read_text()
    said = ingest(folder, "source=source", "output=out", code=1)
    assert jobs(said) == {VERDICT: 1}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (["source=source", "output=out", "shard=3"], "shard: unknown key; did you mean shards?"),
        (["source=nowhere", "output=out"], "source: nowhere is not there; give a folder, GeoParquet files or the URL"),
        (["source=source", "output=o{u}t"], "braces would be taken for wildcards"),
    ],
)
def test_a_wrong_command_is_told_in_words(folder: Path, config: list[str], said: str) -> None:
    """One line says which setting it is and what to do, and nothing is made."""
    found = ingest(folder, *config, code=1)
    assert said in found
    assert "Traceback" not in found
    assert ".smk" not in found
    assert not (folder / "out").exists()


def test_a_command_without_settings_is_told_what_it_needs(folder: Path) -> None:
    """One line says what to give, with no traceback, where there is a matrix as in a checkout."""
    shutil.copy(ROOT / "workflow/quick.yaml", folder / "config.yaml")
    found = ingest(folder, code=1)
    assert "ingest: say what to ingest, and where to: --config source=path/or/url output=folder" in found
    assert "Traceback" not in found
