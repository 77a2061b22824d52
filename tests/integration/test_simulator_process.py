"""The life of a server process: it starts or says why not, and nothing is left of it afterwards."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from ended_processes import ends
from ingest_bench.__main__ import main
from ingest_bench.config.server import Server
from ingest_bench.errors import MeasurementError
from ingest_bench.simulator.process import SimulatorProcess

ITEM = {
    "type": "Feature",
    "id": "one",
    "collection": "things",
    "bbox": [0, 0, 1, 1],
    "geometry": {"type": "Point", "coordinates": [0, 0]},
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [],
    "assets": {},
}
PARENT = """
import sys, time
from pathlib import Path
from ingest_bench.config.server import Server
from ingest_bench.simulator.process import SimulatorProcess
with SimulatorProcess(Path(sys.argv[1]), Server(), 1) as server:
    print(server.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "collection.json").write_text(json.dumps({"type": "Collection", "id": "things", "links": []}))
    (tmp_path / "items.ndjson").write_text(json.dumps(ITEM) + "\n")
    return tmp_path


def start(corpus, *options, **pipes):
    """Start the command and wait for its line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest_bench.simulator", str(corpus), *options], stdout=subprocess.PIPE, **pipes
    )
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(corpus, number):
    """SIGTERM and Ctrl-C end it with status 0, having said once where it is."""
    process, ready = start(corpus)
    assert ready["pid"] == process.pid
    assert ready["url"].startswith("http://127.0.0.1:")
    process.send_signal(number)
    assert process.communicate(timeout=30)[0] == b""
    assert process.returncode == 0


def test_the_end_of_its_input_ends_the_server(corpus):
    """With --exit-on-stdin-close it ends as soon as nobody holds the other end of its standard input."""
    process, _ = start(corpus, "--exit-on-stdin-close", stdin=subprocess.PIPE)
    process.communicate(b"words are not the end\n", timeout=30)
    assert process.returncode == 0


def test_the_end_of_input_needs_a_pipe(corpus):
    """An input that can't be watched is refused, since the server would outlive its parent."""
    with (corpus / "items.ndjson").open() as file:
        done = subprocess.run(
            [sys.executable, "-m", "ingest_bench.simulator", str(corpus), "--exit-on-stdin-close"],
            stdin=file,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("--exit-on-stdin-close: ")


def test_no_server_outlives_a_killed_parent(corpus):
    """When the process that measures is killed, which no handler sees, its server ends as well."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(corpus)], stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    parent.kill()
    parent.communicate(timeout=30)
    assert ends(pid)


def test_leaving_the_context_ends_the_server(corpus):
    """After the block, also after an error in it, there is no process, and it can't be asked any more."""
    pids = []
    server = SimulatorProcess(corpus, Server(), 1)
    with pytest.raises(ZeroDivisionError), server:  # noqa: PT012 - what it raises inside is the point
        pids.append(server.pid)
        1 / server.stats().requests
    assert not psutil.pid_exists(pids[0])
    with pytest.raises(MeasurementError, match="not running"):
        server.stats()
    server.stop()


def test_a_server_that_hangs_is_killed(corpus, monkeypatch):
    """A server that doesn't react any more is ended by force."""
    monkeypatch.setattr("ingest_bench.simulator.process.END_S", 0.1)
    with SimulatorProcess(corpus, Server(), 1) as server:
        pid = server.pid
        os.kill(pid, signal.SIGSTOP)
    assert not psutil.pid_exists(pid)


def test_a_server_that_does_not_start_says_why(tmp_path):
    """The error of a server that can't start repeats what it wrote."""
    with pytest.raises(MeasurementError, match=r"ended with status 1: .*collection\.json"):
        SimulatorProcess(tmp_path, Server(), 1).__enter__()


def test_a_server_that_dies_is_noticed(corpus):
    """Asking a dead server is an error that says how it ended."""
    with SimulatorProcess(corpus, Server(), 1) as server:
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(MeasurementError, match="doesn't answer POST /_bench/reset"):
            server.reset()


def test_a_taken_port_is_an_error(corpus):
    """A port that another server has is refused with a message, not a traceback."""
    with SimulatorProcess(corpus, Server(), 1) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(MeasurementError, match=f"port {port} can't be listened on"):
            SimulatorProcess(corpus, Server(), 1, ["--port", port]).__enter__()


def test_a_proxy_of_the_environment_is_not_asked(corpus, monkeypatch):
    """The server is on this machine, whatever proxy the environment names."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with SimulatorProcess(corpus, Server(), 1) as server:
        server.reset()
        assert server.stats().requests == 0


@pytest.mark.parametrize("options", [["--port", "-1"], ["--rate", "0"], ["--max-page", "0"], ["--think-ms", "nan"]])
def test_options_that_make_no_sense_are_refused(corpus, options, capsys):
    """A value out of range ends the command with its usage."""
    with pytest.raises(SystemExit):
        main(["simulate", str(corpus), *options])
    assert options[0] in capsys.readouterr().err


def test_the_command_of_the_package_serves_too(corpus):
    """`python -m ingest_bench simulate` is the same server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest_bench", "simulate", str(corpus)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert json.loads(process.stdout.readline())["pid"] == process.pid
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_corpus_that_has_changed_is_served_once_it_is_read_again(corpus):
    """After `reload` a server has the items that its corpus has now, where these can be served."""

    def replace(line):
        made = corpus / "made.ndjson"
        made.write_text(json.dumps(line) + "\n")
        made.replace(corpus / "items.ndjson")

    def served():
        return [one["id"] for one in json.loads(server._request("GET", "/search"))["features"]]

    with SimulatorProcess(corpus, Server(), 1) as server:
        replace(ITEM | {"id": "two"})
        assert served() == ["one"]
        server.reload()
        assert served() == ["two"]
        replace({})
        with pytest.raises(MeasurementError, match="409"):
            server.reload()
        assert served() == ["two"]
