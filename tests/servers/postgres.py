"""A PostgreSQL of a test's own, on a free loopback port, in a temporary folder, run by an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from loopback import free_port

DEBIANS = Path("/usr/lib/postgresql")
SUPERUSER = "stac"
PATIENCE = "180"
"""Seconds for a start or a stop, on a busy machine."""
_SETTINGS = {
    "fsync": "off",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "128MB",
    "max_connections": "40",
}


class CannotError(Exception):
    """There is no database to be had here; with the reason."""


@contextmanager
def postgres() -> Iterator[Mapping[str, str]]:
    """Bring a database up, and give the variables by which clients find it.

    Raises:
        CannotError: PostgreSQL or PostGIS is not installed, or there is no user to run it as.

    """
    programs = _programs()
    user = _unprivileged()
    port = free_port()
    # Not below pytest's folder, which no other user may enter; and short, as the path of a socket must be.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        given = [f"-c {name}={value}" for name, value in _SETTINGS.items()]
        options = " ".join([f"-p {port} -k {folder}", *given])
        data, log = folder / "data", folder / "log"
        _run(user, programs / "initdb", "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        _run(user, programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-t", PATIENCE, "start")
        try:
            yield {
                "PGHOST": "127.0.0.1",
                "PGPORT": str(port),
                "PGUSER": SUPERUSER,
                "PGPASSWORD": "none",
                "PGDATABASE": "postgres",
            }
        finally:
            _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "-t", PATIENCE, "stop")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Find the newest PostgreSQL that has PostGIS."""
    versions = sorted(DEBIANS.glob("[0-9]*"), key=lambda folder: int(folder.name), reverse=True)
    if not versions:
        raise CannotError("PostgreSQL is not installed")
    for folder in versions:
        if Path(f"/usr/share/postgresql/{folder.name}/extension/postgis.control").exists():
            return folder / "bin"
    raise CannotError(f"PostGIS is not installed for PostgreSQL {', '.join(folder.name for folder in versions)}")


def _unprivileged() -> pwd.struct_passwd | None:
    """Give the user to become: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise CannotError("there is neither a user `postgres` nor `nobody` to run PostgreSQL as")


def _run(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    become = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    # Into a file rather than a pipe: the server inherits it and would keep a pipe open.
    with tempfile.TemporaryFile() as words:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=words, stderr=words, cwd="/", **become
        )
        words.seek(0)
        assert done.returncode == 0, words.read().decode(errors="replace")
