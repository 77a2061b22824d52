"""One measurement at a time on a host, whichever workflow or user it belongs to."""

import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest_bench.errors import MeasurementError

LOCK_NAME = "stac-ingest-bench.lock"
POLL_SECONDS = 0.05
LOG = logging.getLogger(__name__)


@contextmanager
def host_lock(wait_seconds: float = 3600, path: Path | None = None) -> Iterator[None]:
    """Hold the host for as long as the block runs. The kernel lets go of it however the process ends.

    Args:
        wait_seconds: how long to wait for another measurement.
        path: of the lock file; in the temporary folder of the host when unset.

    Raises:
        MeasurementError: another measurement kept the host for all that time, or the lock file can't be opened.

    """
    path = path or Path(tempfile.gettempdir()) / LOCK_NAME
    descriptor = _open(path)
    try:
        _acquire(descriptor, path, wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    # The folder is everybody's: a link planted there isn't followed, and a file of another user's is opened for
    # reading only, which is all that a lock takes.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            return os.open(path, flags | os.O_CREAT, 0o644)
    except OSError as error:
        raise MeasurementError(f"the host lock {path} can't be opened: {error.strerror}") from None


def _acquire(descriptor: int, path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    has_logged = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise MeasurementError(
                    f"another measurement has held this host for {wait_seconds:.0f} s (lock {path}); run one at a time"
                ) from None
            if not has_logged:
                LOG.info("waiting for another measurement on this host (lock %s)", path)
                has_logged = True
            # Only a host that is taken is polled: a lock that is free is had at once.
            time.sleep(POLL_SECONDS)
        else:
            return
