"""A sync that goes on in a fresh process when it has read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from synced_api import COLLECTION, Truth, served

from stac_ingest.sync import run as steps
from stac_ingest.sync.handed_over import taken
from stac_ingest.sync.run import run_sync
from stac_ingest.sync.settings import SyncSettings
from synced_files import change, small_tasks, three_months
from synced_output import held

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="processes go on as fresh ones on Linux alone")

PROGRAM = """
import os, signal, subprocess, sys
import stac_ingest.sync.run
from stac_ingest.__main__ import main

is_fresh = "STAC_INGEST_HANDED_OVER" in os.environ
print("fresh" if is_fresh else "first", file=sys.stderr)
stac_ingest.sync.run._MUCH = 12
{more}
sys.exit(main())
"""
ANOTHER = """
if is_fresh:
    variables = {name: value for name, value in os.environ.items() if "HANDED" not in name}
    command = [sys.executable, "-m", "stac_ingest", *sys.argv[1:]]
    ended = subprocess.run(command, env=variables, capture_output=True, text=True)
    print(ended.returncode, ended.stderr, file=sys.stderr)
"""
KILLED = "if is_fresh: os.kill(os.getpid(), signal.SIGKILL)"
INTERRUPTED = "if is_fresh: os.kill(os.getpid(), signal.SIGINT)"
ANOTHER_VERSION = """
from stac_ingest.sync.handed_over import HandedOver
if is_fresh:
    HandedOver.as_settings = property(lambda self: int("not a setting of this one"))
"""
FORGOTTEN = """
import pathlib
if is_fresh:
    pathlib.Path(sys.argv[-1], ".sync/work/00000001/plan.json").unlink()
"""
CANT = """
def execve(*_):
    raise OSError("not allowed")
os.execve = execve
"""


def sync(source, output, *options, more="", stdin=None, before=()):
    """Run the command, as a process that goes on in a fresh one from twelve items on."""
    program = [sys.executable, "-c", PROGRAM.format(more=more)]
    return subprocess.run(
        [*before, *program, "sync", *source, "--output", str(output), *options],
        check=False,
        capture_output=True,
        text=True,
        input=stdin,
        timeout=120,
    )


@pytest.fixture
def files(tmp_path):
    """Give twelve files of an item each, of three months."""
    return three_months(tmp_path / "items")


def test_much_is_read(files, tmp_path):
    """A fresh process writes what the first has read, and says what a sync says that is one process."""
    output = tmp_path / "out"
    ended = sync([str(files.folder)], output)
    assert ended.stderr == "first\nfresh\n"
    assert ended.returncode == 0
    assert held(output) == files.items()
    whole = tmp_path / "whole"
    usual = subprocess.run(
        [sys.executable, "-m", "stac_ingest", "sync", str(files.folder), "--output", str(whole)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ended.stdout == usual.stdout


def test_little_is_read(files, tmp_path):
    """A sync that reads few items stays one process."""
    output = tmp_path / "out"
    assert sync([str(files.folder)], output).returncode == 0
    expected = change(files)
    ended = sync([str(files.folder)], output)
    assert (ended.returncode, ended.stderr) == (0, "first\n")
    assert held(output) == expected


def test_no_other_sync_comes_between(files, tmp_path):
    """The output stays locked while the process begins anew."""
    ended = sync([str(files.folder)], tmp_path / "out", more=ANOTHER)
    assert "2 stac-ingest: another sync of" in ended.stderr
    assert ended.returncode == 0
    assert sync([str(files.folder)], tmp_path / "out").returncode == 0, "and is free at the end"


def test_killed_in_the_fresh_process(files, tmp_path):
    """The next run reads nothing again, and so it stays one process."""
    output = tmp_path / "out"
    ended = sync([str(files.folder)], output, more=KILLED)
    assert (ended.returncode, ended.stderr) == (-signal.SIGKILL, "first\nfresh\n")
    assert held(output) == {}
    expected = files.items()
    for path in files.folder.iterdir():
        path.unlink()  # of what was read nothing is read again
    ended = sync([str(files.folder)], output)
    assert (ended.returncode, ended.stderr) == (0, "first\n")
    assert ended.stdout.count("resuming the run that began at") == 1
    assert held(output) == expected


def test_interrupted_while_it_begins(files, tmp_path):
    """Ctrl-C is answered as at any other time."""
    ended = sync([str(files.folder)], tmp_path / "out", more=INTERRUPTED)
    assert ended.stderr == "first\nfresh\nstac-ingest: interrupted; run it again to resume\n"
    assert ended.returncode == 130


def test_another_version_begins(files, tmp_path):
    """Where the package was replaced meanwhile, the new one goes on as any run that was killed."""
    ended = sync([str(files.folder)], tmp_path / "out", more=ANOTHER_VERSION)
    assert (ended.returncode, ended.stderr) == (0, "first\nfresh\n")
    assert ended.stdout.count("resuming the run that began at") == 1
    assert held(tmp_path / "out") == files.items()


def test_what_was_read_is_lost(files, tmp_path):
    """A fresh process that has to read all again stays: another one might have to, and so on for ever."""
    ended = sync([str(files.folder)], tmp_path / "out", more=FORGOTTEN)
    assert (ended.returncode, ended.stderr) == (0, "first\nfresh\n")
    assert held(tmp_path / "out") == files.items()


def test_no_standard_output(files, tmp_path):
    """Where standard output is closed, no file of the run is taken for it."""
    ended = sync([str(files.folder)], tmp_path / "out", before=("sh", "-c", 'exec "$@" >&-', "sh"))
    assert (ended.returncode, ended.stderr) == (0, "first\n")
    assert (tmp_path / "out/.sync/lock").read_bytes() == b""
    assert held(tmp_path / "out") == files.items()


def test_resumed_and_then_handed_over(files, tmp_path, monkeypatch):
    """What the process has to say that has read comes from the fresh one, once, and nothing of that one's own."""
    settings = small_tasks(files, tmp_path / "out", monkeypatch)
    monkeypatch.setattr(steps, "_MUCH", 3)
    read, numbers, handed_over = steps.run_read_task, [], []

    async def first(settings, work, task, *more):
        if numbers:
            raise KeyboardInterrupt
        numbers.append(task.number)
        return await read(settings, work, task, *more)

    def renew(text, kept):
        handed_over.append((text, *kept))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps, "run_read_task", first)
        with pytest.raises(KeyboardInterrupt):
            run_sync(settings)
    with pytest.raises(KeyboardInterrupt):
        run_sync(settings, renew=renew)
    ((text, _),) = handed_over
    notes = [note for note in run_sync(settings, before=taken(text)).notes if "resuming" in note]
    assert len(notes) == 1
    assert held(tmp_path / "out") == files.items()


def test_a_system_that_refuses(files, tmp_path):
    """Where no process can begin anew, the first one does all."""
    ended = sync([str(files.folder)], tmp_path / "out", more=CANT)
    assert (ended.returncode, ended.stderr) == (0, "first\n")
    assert held(tmp_path / "out") == files.items()


def test_settings_that_can_be_read_once(files, tmp_path):
    """The fresh process has the settings of the first: a pipe that they came through is empty then."""
    config = f'{{"source": "{files.folder}"}}'
    ended = sync([], tmp_path / "out", "--partition", "year", "--config", "/dev/stdin", stdin=config)
    assert (ended.returncode, ended.stderr) == (0, "first\nfresh\n")
    assert held(tmp_path / "out") == files.items()
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert [partition["folder"] for partition in manifest["partitions"]] == ["year=2024"]


def test_items_that_cant_be_read(files, tmp_path):
    """The exit code and the words are those of a sync in one process, where something is missing."""
    files.write("12.json", {"type": "Feature"})
    ended = sync([str(files.folder)], tmp_path / "out")
    assert (ended.returncode, ended.stderr) == (1, "first\nfresh\n")
    assert "truncated" in ended.stdout


@pytest.mark.parametrize("behaviours", [(), ("ignore-filters",)], ids=["by updated", "without updated"])
def test_an_api_is_asked_once(tmp_path, behaviours):
    """A run that goes on in a fresh process sends the requests of one that doesn't, those by ids as well."""
    truth, output = Truth.of_months(3, 20), tmp_path / "out"
    with served(truth, *behaviours) as server:
        source = [server.url, "--collection", COLLECTION, "--limit", "10"]
        for run, name in enumerate(["first", "second"]):
            if run:
                truth.put("new", "2019-02-01T00:00:00Z")
                truth.put("m02-003", "2019-02-04T03:00:00Z", cloud=3)
                del truth.items["m01-001"]
                server.serve(truth.store())
            sent = []
            for folder, more in ((tmp_path / "whole", CANT), (output, "")):
                server.reset()
                ended = sync([*source, "--ids-only"] if behaviours else source, folder, more=more)
                assert ended.returncode in (0, 1), ended.stderr + name
                sent.append(len(server.received))
            assert ended.stderr == "first\nfresh\n"
            assert sent[0] == sent[1] > 0
            assert held(output) == held(tmp_path / "whole")


def test_tasks_that_are_read_side_by_side(tmp_path, monkeypatch):
    """What each of them has read counts, however they take turns."""
    monkeypatch.setattr(steps, "_MUCH", 120)
    began_anew = []
    with served(Truth.of_months(6, 20)) as server:
        source = {"mode": "api", "source": server.url, "collection_id": COLLECTION, "limit": 10, "concurrency": 8}
        result = run_sync(
            SyncSettings(source=source, output=tmp_path / "out"), renew=lambda *given: began_anew.append(given)
        )
    assert result.manifest.items == 120
    assert len(began_anew) == 1
