"""What the kernel says that this process, and the children it has waited for, used between two moments."""

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ingest_bench.system.launch import io_calls


@dataclass(frozen=True, slots=True)
class Reading:
    """What was used while the clock ran. Times in seconds, memory in MiB."""

    started_at: float
    wall_s: float
    cpu_user_s: float
    cpu_system_s: float
    peak_rss_mib: float
    start_rss_mib: float
    first_item_s: float | None
    context_switches: int
    read_calls: int | None
    write_calls: int | None
    imported: tuple[str, ...]
    """Modules of this process that were imported meanwhile, by name; those of its children are their own."""


class Meter:
    """Runs from the moment it is made."""

    __slots__ = ("_calls", "_first", "_modules", "_rss", "_started", "_started_at", "_usage")

    def __init__(self) -> None:
        self._first: float | None = None
        self._modules = frozenset(sys.modules)
        self._rss = _memory_mib("VmRSS")
        self._calls = io_calls()
        self._usage = _usage()
        self._started_at = time.time()
        self._started = time.perf_counter()

    def first_item(self) -> None:
        """Take note of the moment of the first item."""
        self._first = time.perf_counter() - self._started

    def stop(self) -> Reading:
        """Stop the clock; return what the process has used since it started."""
        wall = time.perf_counter() - self._started
        calls = io_calls()
        (user, system, switches), (user_0, system_0, switches_0) = _usage(), self._usage
        return Reading(
            started_at=self._started_at,
            wall_s=wall,
            cpu_user_s=user - user_0,
            cpu_system_s=system - system_0,
            # The process's own peak is not taken from `ru_maxrss`, which begins with that of the process that started
            # it.
            peak_rss_mib=_memory_mib("VmHWM") + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            start_rss_mib=self._rss,
            first_item_s=self._first,
            context_switches=switches - switches_0,
            read_calls=_since(self._calls, calls, "read_calls"),
            write_calls=_since(self._calls, calls, "write_calls"),
            imported=tuple(sorted(set(sys.modules) - self._modules)),
        )


def _since(before: dict[str, int], after: dict[str, int], name: str) -> int | None:
    return after[name] - before[name] if name in before and name in after else None


def _usage() -> tuple[float, float, int]:
    """Return the seconds in user mode and in the kernel, and the context switches, children included."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    switches = sum(each.ru_nvcsw + each.ru_nivcsw for each in both)
    return sum(each.ru_utime for each in both), sum(each.ru_stime for each in both), switches


def _memory_mib(field: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise OSError(f"the kernel doesn't report {field}")
