"""One measurement at a time on a host."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ingest_bench.errors import MeasurementError
from ingest_bench.system.host_lock import host_lock

HOLDER = """
import sys
from pathlib import Path
from ingest_bench.system.host_lock import host_lock
with host_lock(path=Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Return the path of a lock of this test's own."""
    return tmp_path / "lock"


def test_another_process_is_kept_out_until_the_first_ends(lock: Path) -> None:
    """While one process holds the lock another gives up after its wait, in words; a killed holder lets go."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(MeasurementError, match="another measurement has held this host"), host_lock(0, lock):
            pass
        holder.kill()
        holder.wait()
        with host_lock(0, lock):
            pass


def test_holders_never_overlap(lock: Path) -> None:
    """Threads that take the lock one after another each find it theirs alone."""
    inside: list[int] = []
    seen: list[int] = []

    def work() -> None:
        for _ in range(5):
            with host_lock(30, lock):
                inside.append(1)
                seen.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 15


def test_who_waits_is_told(lock: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A wait for another measurement is said once."""
    caplog.set_level("INFO")
    with host_lock(0, lock), pytest.raises(MeasurementError), host_lock(0.12, lock):
        pass
    assert [record.message.split(" (")[0] for record in caplog.records] == [
        "waiting for another measurement on this host"
    ]


def test_a_planted_link_is_not_followed(lock: Path, tmp_path: Path) -> None:
    """A symbolic link in the place of the lock file is an error, and what it points to stays as it was."""
    lock.symlink_to(tmp_path / "precious")
    with pytest.raises(MeasurementError, match="can't be opened"), host_lock(0, lock):
        pass
    assert not (tmp_path / "precious").exists()


def test_the_lock_is_free_after_an_error(lock: Path) -> None:
    """An error inside the block lets go of the lock."""
    with pytest.raises(ZeroDivisionError), host_lock(0, lock):
        _ = 1 / 0
    with host_lock(0, lock):
        pass
