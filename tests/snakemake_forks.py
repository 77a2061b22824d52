"""Snakemake's command, imported once: each run is a fork of a process that has loaded Snakemake and nothing of ours.

To import Snakemake takes longer than most of what tests have it do. `run_snakemake` starts the process once; it reads
requests from its input, a JSON object a line, and answers each with the exit code.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 1200
"""How long a run may take, in seconds, on a machine that does much else."""
OTHERS = (
    *("docutils.core", "jinja2", "jsonschema", "nbformat", "orjson", "pydantic", "pygments", "requests", "smart_open"),
    *("snakemake_executor_plugin_cluster_generic", "snakemake_executor_plugin_slurm", "yte"),
)
"""What Snakemake and its plugins load when a run begins, and our workflow from others: loaded once as well."""


def run_snakemake(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, merged: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder to its end.

    Args:
        folder: where it is run.
        arguments: of the command.
        environment: of the command, whole; None: the one of the tests, with a cache in the folder.
        merged: whether what goes to standard error comes on standard output, each where it was said.

    Raises:
        RuntimeError: the process that is forked has ended; with its exit code.

    """
    environment = environment or {**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")}
    with tempfile.TemporaryDirectory() as outputs:
        out = Path(outputs) / "out"
        err = out if merged else Path(outputs) / "err"
        request = {"folder": str(folder), "environment": environment, "arguments": arguments}
        code = _answer({**request, "out": str(out), "err": str(err)})
        said, errors = out.read_text(), "" if merged else err.read_text()
    return subprocess.CompletedProcess(["snakemake", *arguments], code, said, errors)


def _answer(request: dict[str, Any]) -> int:
    process = _started()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        answer = ""
    except BaseException:
        # The next run would take the late answer for its own.
        _started.cache_clear()
        _kill(process.pid)
        raise
    if not answer:
        _started.cache_clear()
        raise RuntimeError(f"the process that Snakemake is forked from has ended with {process.wait()}; see its errors")
    return int(answer)


@cache
def _started() -> subprocess.Popen[str]:
    """Start the process; it ends with this one, whose end it reads where its requests come from."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    atexit.register(process.communicate)
    return process


def _serve() -> None:
    """Answer requests until there are no more; in a fork, be Snakemake to the end of the process."""
    import snakemake.cli  # noqa: PLC0415 - the tests, which import this module too, do without

    for name in OTHERS:
        import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _prepare(request)
            snakemake.cli.main(request["arguments"])
            return
        sys.stdout.write(f"{_exit_code(child, Path(request['err']))}\n")
        sys.stdout.flush()


def _exit_code(child: int, errors: Path) -> int:
    """Wait for the end of a run. One that takes too long is killed with all that it has started, and that is said."""

    def give_up(*_: object) -> None:
        with errors.open("a") as stream:
            stream.write(f"\nThis run was killed: it took more than {PATIENCE_S} s\n")
        _kill(child)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_S)
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    return os.waitstatus_to_exitcode(status)


def _kill(pid: int) -> None:
    """Kill a process and all that it has started."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.kill()


def _prepare(request: dict[str, Any]) -> None:
    """Make this process what a new one would be that was started as asked for."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[:1] = [request["folder"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["snakemake", *request["arguments"]]
    tempfile.tempdir = None
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in ((1, request["out"]), (2, request["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)


if __name__ == "__main__":
    _serve()
