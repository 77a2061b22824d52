"""Starts the process of a sample, and sees to it that nothing of it is left."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from ingest_bench.errors import MeasurementError, SampleStoppedError, SampleTimeoutError
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.system.loaded_modules import REPORTS
from stac_ingest.http.credentials import TOKEN_VARIABLE

COMMAND = (sys.executable, "-P", "-m", "ingest_bench.harness.worker")
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", REPORTS)
REMOTE = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    TOKEN_VARIABLE,
)
LAST_WORDS = 2000
"""Characters of a failed sample's error output that are quoted."""


MOST_HASH_SEED = 2**32 - 1


def run_sample(spec: SampleSpec, timeout_seconds: float, *, remote: bool = False, hash_seed: int = 0) -> dict[str, Any]:
    """Run a sample and give what it measured.

    Args:
        spec: what to do.
        timeout_seconds: for the whole process, start and set-up included.
        remote: whether it asks a server that isn't this machine's, by way of the user's proxies.
        hash_seed: of Python's hashes of text, on which the order of sets depends; 0 to `MOST_HASH_SEED`.

    Raises:
        MeasurementError: it failed or took too long; with the end of its error output.
        SampleStoppedError: it has sent all that it may, or the server asks for no more.

    """
    what = f"a sample of {spec.arm.fetcher} at concurrency {spec.arm.concurrency}"
    result = run_json(COMMAND, spec.to_json(), timeout_seconds, environment(remote=remote, hash_seed=hash_seed), what)
    if (why := result.get("stopped")) is not None:
        raise SampleStoppedError(f"{what} failed: {why}", requests=result["requests"], refused=result["refused"])
    return result


def run_json(
    command: Sequence[str], request: bytes, timeout_seconds: float, variables: Mapping[str, str], what: str
) -> dict[str, Any]:
    """Run a process that reads a request on standard input and ends its output with a line of JSON.

    Args:
        command: the program and its arguments.
        request: what it reads.
        timeout_seconds: for the whole process.
        variables: its environment, all of it.
        what: names it in errors.

    Returns:
        The object on its last line of output.

    Raises:
        MeasurementError: it failed or took too long; with the end of its error output.

    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables,
        process_group=0,
    )
    try:
        output, errors = process.communicate(request, timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        raise SampleTimeoutError(f"{what} took more than {timeout_seconds:g} s (sampling.timeout_seconds)") from None
    finally:
        _end(process)
    if process.returncode:
        raise MeasurementError(f"{what} failed with exit code {process.returncode}: {_quoted(errors)}")
    try:
        result: dict[str, Any] = orjson.loads(output.rstrip().rpartition(b"\n")[2])
    except orjson.JSONDecodeError:
        raise MeasurementError(f"{what} gave no result: {_quoted(output or errors)}") from None
    return result


def environment(*, remote: bool = False, hash_seed: int = 0) -> dict[str, str]:
    """Give the variables that a sample's process starts with.

    Args:
        remote: whether it asks a server by way of the user's proxies.
        hash_seed: of Python's hashes of text.

    """
    # Settings of the shell (PYTHONDEVMODE, PYTHONASYNCIODEBUG, MALLOC_...) would change what is measured, and a proxy
    # would stand between the sample and this machine's own server.
    kept = {name: os.environ[name] for name in (*KEPT, *(REMOTE if remote else ())) if name in os.environ}
    return hash_seeded(kept, hash_seed)


def hash_seeded(variables: Mapping[str, str], hash_seed: int) -> dict[str, str]:
    """Give environment variables with which Python hashes text by a seed, 0 to `MOST_HASH_SEED`."""
    return {**variables, "PYTHONHASHSEED": str(hash_seed)}


def hash_seed_of(pair: int, drawn_for: str) -> int:
    """Draw the hash seed of both samples of a pair, so that no result hangs on what one seed does to an arm.

    Args:
        pair: its number.
        drawn_for: names the cell and the run; the same name and pair give the same seed.

    """
    return random.Random(f"{drawn_for}/hash/{pair}").randint(1, MOST_HASH_SEED)  # noqa: S311 - not for secrets


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the sample running: its workers, and what a command left behind, are in its process group."""
    # One that has ended may have children that run on; as long as there is one, no other process gets its number.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
    process.wait()


def _quoted(output: bytes) -> str:
    text = output.decode(errors="replace").strip()
    return f"...{text[-LAST_WORDS:]}" if len(text) > LAST_WORDS else text or "it said nothing"
