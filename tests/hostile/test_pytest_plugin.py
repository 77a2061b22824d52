"""The pytest plugin, as a developer of another STAC client would use it."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest
from pystac_client import Client

THEIR_TEST = """
from pystac_client import Client
from stac_ingest import IngestModule, WorkflowContext

def test_ours(stac_server):
    server = stac_server("next-page", "duplicate-item@0.5", items=25, seed=7)
    print("pid", server.pid)
    found = [item.id for item in Client.open(server.url).search(limit=10).items()]
    assert len(set(found)) == 25
    assert server.stats().requests > 3
"""


def test_it_is_loaded_only_where_it_is_asked_for(tmp_path):
    """Another project's tests have no fixture of ours, and load nothing of ours, unless they name the plugin."""
    (tmp_path / "test_theirs.py").write_text(
        "import sys\ndef test_it():\n    assert not [name for name in sys.modules if name.startswith('ingest_bench')]\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "test_theirs.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_loading_it_costs_nothing():
    """A test run that doesn't use the fixture doesn't pay for the server's imports."""
    heavy = {"aiohttp", "numpy", "orjson"}
    code = f"import sys, ingest_bench.simulator.pytest_plugin; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_their_tests_get_servers(tmp_path):
    """A test of another project starts a hostile server by the fixture, and no server is left behind."""
    (tmp_path / "test_theirs.py").write_text(THEIR_TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "-p",
        "ingest_bench.simulator.pytest_plugin",
        "test_theirs.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    pid = int(done.stdout.partition("pid ")[2].split()[0])
    assert not psutil.pid_exists(pid)


def test_their_own_corpus_is_served(things, stac_server):
    """A folder of their own is served as it is, with further options of the command."""
    server = stac_server(corpus=things, options=["--max-page", "50"])
    found = [item.id for item in Client.open(server.url).search(collections=["things"], limit=240).items()]
    assert len(found) == 240
    assert server.stats().requests == 1 + 5
