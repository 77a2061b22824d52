"""One sync of an output at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sync.links import refuse_links
from stac_ingest.sync.settings import SyncSettings


@contextmanager
def locked(settings: SyncSettings) -> Iterator[None]:
    """Keep other syncs of the same output out for the length of a block. The system frees a killed process's lock.

    Raises:
        ConfigurationError: another one is at work, or the output isn't a folder, or leads out of it by a link.
        DataProcessingError: the lock can't be made.

    """
    path = settings.state / "lock"
    if settings.output.exists() and not settings.output.is_dir():
        raise ConfigurationError(f"output: {settings.output} is a file; give a folder")
    refuse_links(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"another sync of {settings.output} is at work; wait until it has ended") from None
        yield
    finally:
        os.close(descriptor)
