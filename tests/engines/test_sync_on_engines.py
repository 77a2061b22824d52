"""A sync by jobs on each engine: a run that is killed with its jobs is gone on with."""

from __future__ import annotations

from pathlib import Path

from engine_kinds import Engine
from workflow_runs import finish, start, until_gone, until_running

from synced_files import Files
from synced_files import item as synced_item
from synced_output import held


def test_a_sync_by_jobs_goes_on_after_a_kill(engine: Engine, tmp_path: Path) -> None:
    """All steps run as jobs on the engine, and a run that was killed, its jobs cancelled, is gone on with."""
    files = Files(tmp_path / "items")
    for number in range(16):
        files.write(f"{number:02d}.json", synced_item(f"i{number}", month=1 + number % 2))
    asked = ["ingest", "--config", "sync=true", "source=items", "output=out", "items_per_job=8"]
    finish(start(engine, tmp_path, {}, *asked))
    assert held(tmp_path / "out") == files.items()
    before = files.items()
    for number in range(0, 16, 2):
        files.write(f"{number:02d}.json", synced_item(f"i{number}", month=2, cloud=1))
    files.remove("01.json")
    run = start(engine, tmp_path, {}, *asked)
    until_running(engine, "sync_read", run)
    run.kill()
    run.communicate()
    if left := engine.running("sync_read"):
        engine.cancel(*left)
    until_gone(engine, "sync_read")
    assert held(tmp_path / "out") == before
    finish(start(engine, tmp_path, {}, *asked, "--unlock"))
    said = finish(start(engine, tmp_path, {}, *asked))
    assert "resuming the run that began at" in said
    assert held(tmp_path / "out") == files.items()
