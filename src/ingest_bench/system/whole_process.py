"""A command run from start to end, timed from outside, and in a rehearsal made to say which modules it loads."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stac_ingest.core.text import plain_line

LAUNCH = Path(__file__).with_name("launch.py")
QUOTED = 500
"""Characters that are quoted of the output of a failed command."""
REPORTER = """
try:
    import multiprocessing.util

    from ingest_bench.system.loaded_modules import report_at_exit

    report_at_exit("command")
except ImportError:  # a Python that hasn't this package
    pass
"""
"""Python runs this first in every process that it starts, where it finds it as `sitecustomize`."""


def launching(said: Path, command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command and prints what it used.

    Args:
        said: file for all that the command says.
        command: the path of the program, and its arguments.

    """
    return [sys.executable, "-I", "-S", str(LAUNCH), str(said), *command]


def last_words(said: Path) -> str:
    """Return the last line of what a command said."""
    return plain_line(said.read_text(errors="replace").rstrip().rpartition("\n")[2], QUOTED) or "it said nothing"


def run_process(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], *, reports: bool = False
) -> dict[str, Any]:
    """Run a command.

    Args:
        command: the path of the program, and its arguments.
        folder: for what is needed beside what it writes.
        variables: of its environment, beside those of this process.
        reports: whether what its Python processes load is reported (`loaded_modules`).

    Returns:
        By the names of a sample's fields: times in seconds, memory in MiB, and `invalid` where it failed.

    """
    said, added = folder / "said", dict(variables)
    if reports:
        (folder / "reporter").mkdir(exist_ok=True)
        (folder / "reporter" / "sitecustomize.py").write_text(REPORTER, encoding="utf-8")
        inherited = added.get("PYTHONPATH") or os.environ.get("PYTHONPATH")
        added["PYTHONPATH"] = os.pathsep.join([str(folder / "reporter"), *([inherited] if inherited else [])])
    done = subprocess.run(
        launching(said, command),
        env={**os.environ, **added},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:  # the program is there, but can't be run
        reason = done.stderr.rstrip().rpartition("\n")[2]
        return {"invalid": f"the command can't be started: {plain_line(reason, QUOTED)}"}
    used: dict[str, Any] = json.loads(done.stdout)
    if code := used.pop("exit_code"):
        used["invalid"] = f"the command ended with exit code {code}: {last_words(said)}"
    return used


def run_untimed(command: Sequence[str], variables: Mapping[str, str]) -> str | None:
    """Run a command that isn't timed.

    Args:
        command: the path of the program, and its arguments.
        variables: of its environment, beside those of this process.

    Returns:
        What went wrong, in words; None where it ended well.

    """
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        return f"can't be started: {error}"
    if not done.returncode:
        return None
    last = done.stdout.decode(errors="replace").rstrip().rpartition("\n")[2]
    return f"ended with exit code {done.returncode}: {plain_line(last, QUOTED) or 'it said nothing'}"
