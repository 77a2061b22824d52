"""One run at a time on a folder of results; what a killed run left locked is freed without being asked for.

Snakemake's own locks stay behind when it is killed. The kernel's don't: while this one can be had, no other run is
alive, and locks on files of these results are left-overs.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class RunLock:
    """A lock on a folder of results, held until the process ends, however it ends."""

    def __init__(self, results: Path, *, local: bool) -> None:
        """Try to have the folder for this process.

        Args:
            results: the folder; made when it isn't there.
            local: whether jobs run on this machine and end with the run; a cluster's outlive it.

        """
        results.mkdir(parents=True, exist_ok=True)
        self._results = results
        self._descriptor = os.open(results / ".claim", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # held by another run, or a file system without locks
            self.held, self._safe = False, False
            return
        before = os.pread(self._descriptor, 16, 0)
        self.held, self._safe = True, local and before in (b"", b"local\n")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, b"local\n" if local else b"cluster\n", 0)

    def clear_stale_locks(self, folder: Path) -> bool:
        """Remove the locks that a killed run left, if all they lock belongs to these results. Says whether it did."""
        locks = sorted(folder.glob("*.lock")) if self._safe else []
        named = [Path(line) for lock in locks for line in lock.read_text(encoding="utf-8").splitlines()]
        if not named or not all(path.is_relative_to(self._results) for path in named):
            return False
        for lock in locks:
            lock.unlink(missing_ok=True)
        return True
