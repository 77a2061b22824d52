"""Snakemake's command for dry runs, imported once: each run is a fork of this process, which has nothing else loaded.

Reads requests from its input, a JSON object a line, and answers each with the exit code. `Planner` is the other end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Self


class Planner:
    """Plans in a folder, with the sources and the environment of that folder. A context manager."""

    def __enter__(self) -> Self:
        """Start the process."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        self._process.communicate()

    def run(self, folder: Path, environment: dict[str, str], arguments: list[str]) -> tuple[int, str]:
        """Run the command, and return its exit code and what it said."""
        said = folder / ".said"
        request = {"folder": str(folder), "environment": environment, "arguments": arguments, "said": str(said)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        text = said.read_text()
        said.unlink()
        return code, text


def _serve() -> None:
    import snakemake.cli  # noqa: PLC0415 - the tests, which import this module too, do without

    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os.chdir(request["folder"])
            os.environ.update(request["environment"])
            sys.path.insert(0, request["environment"]["PYTHONPATH"])
            said = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            sys.argv = ["snakemake", *request["arguments"]]
            try:
                snakemake.cli.main(request["arguments"])
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(int(end.code or 0))
            finally:
                os._exit(1)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
