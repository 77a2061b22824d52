"""One sync of an output at a time: by one process, or by a workflow and its jobs.

| who | `lock` | `workflow` | `steps` |
|---|---|---|---|
| `run_sync` | alone | | |
| a workflow, as long as it starts jobs | with others | alone | |
| its jobs of steps that need the whole run | with others | | alone |
| its jobs that may run beside each other | with others | | with others |

A cluster's jobs may outlive their workflow, so each holds what it needs by itself. The system frees a killed process's
locks.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sync.links import refuse_links
from stac_ingest.sync.settings import SyncSettings


@contextmanager
def locked(settings: SyncSettings, held: int | None = None) -> Iterator[int]:
    """Keep other syncs of the same output out for the length of a block.

    Args:
        settings: of the sync.
        held: the number of the locked file, if the process had locked it before it went on as a fresh one.

    Yields:
        The number of the locked file.

    Raises:
        ConfigurationError: another one is at work, or the output isn't a folder, or leads out of it by a link.
        DataProcessingError: the lock can't be made.

    """
    check_output(settings)
    with _held(settings, "lock", alone=True, held=held) as descriptor:
        yield descriptor


@contextmanager
def locked_for_jobs(settings: SyncSettings) -> Iterator[None]:
    """Keep other syncs of the same output out for the length of a block, but for jobs.

    Raises:
        ConfigurationError, DataProcessingError: as `locked` does.

    """
    check_output(settings)
    with _held(settings, "lock", alone=False), _held(settings, "workflow", alone=True):
        yield


@contextmanager
def locked_by_job(settings: SyncSettings, *, alone: bool) -> Iterator[None]:
    """Keep other syncs of the same output out for the length of a block, and jobs that would disturb this one.

    Args:
        settings: of the sync.
        alone: whether no other job may run; else those that aren't alone may.

    Raises:
        ConfigurationError, DataProcessingError: as `locked` does.

    """
    check_output(settings)
    with _held(settings, "lock", alone=False), _held(settings, "steps", alone=alone):
        yield


@contextmanager
def locked_file(settings: SyncSettings, path: Path) -> Iterator[None]:
    """Keep other jobs from what a job does, for the length of a block.

    Args:
        settings: of the sync.
        path: of a file that stands for it.

    Raises:
        ConfigurationError: another job is at it.
        DataProcessingError: the lock can't be made.

    """
    with _flocked(settings, path, alone=True):
        yield


def check_output(settings: SyncSettings) -> None:
    """Look whether an output can be written to.

    Raises:
        ConfigurationError: it isn't a folder, or leads out of it by a link.

    """
    if settings.output.exists() and not settings.output.is_dir():
        raise ConfigurationError(f"output: {settings.output} is a file; give a folder")
    refuse_links(settings)


@contextmanager
def _held(settings: SyncSettings, name: str, *, alone: bool, held: int | None = None) -> Iterator[int]:
    path = settings.state / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error
    with _flocked(settings, path, alone=alone, held=held) as descriptor:
        yield descriptor


@contextmanager
def _flocked(settings: SyncSettings, path: Path, *, alone: bool, held: int | None = None) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        if held is not None and held != descriptor and _is_same(held, descriptor):
            os.close(descriptor)
            descriptor = held
            os.set_inheritable(descriptor, False)
    except OSError as error:
        raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"another sync of {settings.output} is at work; wait until it has ended") from None
        yield descriptor
    finally:
        os.close(descriptor)


def _is_same(one: int, other: int) -> bool:
    """Tell whether two numbers are of the same file; the first may be of none."""
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False
