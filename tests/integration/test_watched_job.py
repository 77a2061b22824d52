"""A job of the reference run as a process tree: its memory, and its end by SIGKILL."""

from __future__ import annotations

import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ingest_bench.__main__ import main
from ingest_bench.reference.job import KillMoment, run_job
from ingest_bench.reference.server import ReferenceServer
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.options import GENERATED

TWO_CHILDREN = """
import subprocess, sys
child = "import time; kept = bytearray(64 << 20); time.sleep(1.5)"
for one in [subprocess.Popen([sys.executable, "-c", child]) for _ in range(2)]:
    one.wait()
"""
A_CHILD_THAT_STAYS = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
child.wait()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    (folder / GENERATED).write_text(Description(items=100).model_dump_json())
    with ReferenceServer(folder, port=0, largest_page=50) as running:
        yield running


def ask(server: ReferenceServer, path: str) -> None:
    """Ask the server for something."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


def test_the_memory_of_all_processes_counts(server, tmp_path):
    """What the children of a command hold is added up, and the largest of them is known."""
    job = run_job("two", [sys.executable, "-c", TWO_CHILDREN], server, tmp_path / "said", look_s=0.05)
    assert (job.exit_code, job.killed) == (0, False)
    assert 64 < job.peak_process_mib < 128 < job.peak_mib


def test_a_kill_takes_the_children_too(server, tmp_path):
    """When a job is killed, no process of it goes on."""
    told = tmp_path / "child"

    class Told(KillMoment):
        def has_come(self, seconds: float) -> bool:
            return bool(told.exists() and told.read_text()) and super().has_come(seconds)

    command = [sys.executable, "-c", A_CHILD_THAT_STAYS, str(told)]
    job = run_job("stays", command, server, tmp_path / "said", kill=Told(server, 0, 0), look_s=0.05)
    assert (job.exit_code, job.killed) == (-9, True)
    child = int(told.read_text())
    for _ in range(600):
        if not is_running(child):
            break
        time.sleep(0.05)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    """Tell whether a process is there and hasn't ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_moment_of_a_kill_is_counted_in_items(server):
    """A moment comes when so many whole items were sent, and a share of the time until then has passed again."""
    server.reset()
    moment = KillMoment(server, 60, 0.5)
    assert not moment.has_come(1)
    ask(server, "/search?limit=50&fields=id")
    ask(server, "/search?limit=50")
    assert not moment.has_come(2)
    ask(server, "/search?limit=50")
    assert not moment.has_come(4)
    assert not moment.has_come(5.9)
    assert moment.has_come(6)


def test_a_job_that_ends_before_its_moment_was_not_killed(server, tmp_path):
    """A job that comes to its end first has its own exit code, and what it asked for."""
    job = run_job(
        "quick",
        [sys.executable, "-c", "raise SystemExit(7)"],
        server,
        tmp_path / "said",
        kill=KillMoment(server, 10, 0),
    )
    assert (job.exit_code, job.killed, job.traffic.requests) == (7, False, 0)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--items", "0", "--items: 0 is not between 1 and 200,000,000"),
        ("--limit", "20000", "--limit: 20000 is not between 1 and 10,000"),
        ("--concurrency", "51", "--concurrency: 51 is not between 1 and 50"),
        ("--seed", "-1", "--seed: -1 is less than 0"),
    ],
)
def test_options_that_cannot_be_used_are_named(tmp_path, capsys, option, value, message):
    """A wrong option ends the command with 2 and nothing is made."""
    assert main(["reference", "--folder", str(tmp_path / "run"), option, value]) == 2
    assert capsys.readouterr().err == f"{message}\n"
    assert not list(tmp_path.iterdir())
