"""A PostgreSQL with PostGIS of one's own: a free port of loopback, a temporary folder, and an unprivileged user."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest_bench.errors import MeasurementError
from ingest_bench.system.process_lifetime import die_with_parent
from stac_ingest.core.text import plain_line

DEBIANS = Path("/usr/lib/postgresql")
CONTROL = "/usr/share/postgresql/{}/extension/postgis.control"
SUPERUSER = "stac"
PATIENCE_S = 180.0
"""For a start, on a busy machine."""
END_S = 30.0
QUOTED = 500
"""Characters that are quoted of what a program of it says."""
SETTINGS = {
    "fsync": "off",  # the database is gone when the cell is
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "128MB",
    "max_connections": "40",
}


def version() -> str | None:
    """Return the versions of both, as in "15 with PostGIS 3.3.2"; None where one of them isn't installed."""
    found = _newest()
    if found is None:
        return None
    control = Path(CONTROL.format(found.name)).read_text(encoding="utf-8")
    told = [line.partition("=")[2] for line in control.splitlines() if line.startswith("default_version")]
    return f"{found.name} with PostGIS {''.join(told).strip(chr(39) + ' ') or '?'}"


@contextmanager
def database() -> Iterator[Mapping[str, str]]:
    """Bring a database up for as long as the context lasts.

    Returns:
        The environment variables by which its clients find it.

    Raises:
        MeasurementError: it isn't installed, there is no user to run it as, or it doesn't start.

    """
    found = _newest()
    if found is None:
        raise MeasurementError("PostgreSQL with PostGIS is not installed")
    programs, user = found / "bin", _unprivileged()
    # Not below a folder that no other user may enter; and short, as the path of a socket must be.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        with (folder / "log").open("wb") as log:
            yield from _served(programs, user, folder, log.fileno())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(programs: Path, user: pwd.struct_passwd | None, folder: Path, log: int) -> Iterator[Mapping[str, str]]:
    become: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    made: list[str | Path] = ["-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    begun = subprocess.run(
        [programs / "initdb", *made], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False, **become
    )
    if begun.returncode:
        raise MeasurementError(f"PostgreSQL can't be set up: {_last_line(folder)}")
    port, parent = _free_port(), os.getpid()
    given = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, *given],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        preexec_fn=lambda: die_with_parent(parent, signal.SIGQUIT),  # noqa: PLW1509 - no thread of ours runs by then
        **become,
    )
    try:
        _wait_for(programs, port, process, folder)
        yield {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": "none",
            "PGDATABASE": "postgres",
        }
    finally:
        _end(process)


def _wait_for(programs: Path, port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    asked: list[str | Path] = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(asked, check=False, stdin=subprocess.DEVNULL).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise MeasurementError(f"PostgreSQL doesn't start: {_last_line(folder)}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server at once, and its processes with it: nothing of what it holds is needed any more."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _newest() -> Path | None:
    """Find the folder of the newest PostgreSQL that has PostGIS."""
    found = [folder for folder in DEBIANS.glob("[0-9]*") if Path(CONTROL.format(folder.name)).exists()]
    return max(found, key=lambda folder: int(folder.name), default=None)


def _unprivileged() -> pwd.struct_passwd | None:
    """Return the user to become: PostgreSQL refuses to be run by root; None where this isn't root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise MeasurementError("there is neither a user `postgres` nor `nobody` to run PostgreSQL as")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _last_line(folder: Path) -> str:
    said = (folder / "log").read_text(errors="replace")
    return plain_line(said.rstrip().rpartition("\n")[2], QUOTED) or "it said nothing"
