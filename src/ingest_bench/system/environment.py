"""The machine and software that the numbers belong to."""

import os
import platform
import socket
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from ingest_bench.results.models import Environment, Load

PACKAGES = (
    "aiofiles",
    "aiohttp",
    "numpy",
    "orjson",
    "pandas",
    "pyarrow",
    "pydantic",
    "pystac-client",
    "snakemake",
    "stac-ingest-bench",
)
_GIB = 1 << 30
_NO_LIMIT = 1 << 60
"""Control groups of version 1 say "no limit" with a number near this or above."""


def environment(results: Path) -> Environment:
    """Describe this machine.

    Args:
        results: a path on the file system that results are written to.

    """
    return Environment(
        host=host_name(),
        cpu_model=_cpu_model(),
        cores=psutil.cpu_count() or 1,
        governor=_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        memory_gib=round(psutil.virtual_memory().total / _GIB, 2),
        container=_container(),
        cpu_limit=cpu_limit(),
        memory_limit_gib=memory_limit_gib(),
        kernel=platform.release(),
        python=platform.python_version(),
        packages={name: value for name in PACKAGES if (value := _version(name))},
        commit=_commit(),
        filesystem=filesystem(results),
    )


def host_name() -> str:
    """Give the name of this machine, on a cluster that of the node."""
    return os.environ.get("SLURMD_NODENAME") or socket.gethostname()


def restarts() -> int:
    """Say how often the cluster itself has started this job again, as it does when a node is lost."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0)


def load() -> Load:
    """Say how busy this machine is, and for how many seconds in all others kept it from its processors."""
    frequency = psutil.cpu_freq()
    return Load(
        load_1m=os.getloadavg()[0],
        steal_s=getattr(psutil.cpu_times(), "steal", 0.0),
        cpu_mhz=frequency.current if frequency else None,
    )


def cpu_limit(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float | None:
    """Give the processors that the control group allows (both versions of control groups), or None."""
    limits = []
    for folder in _groups(root, membership, ""):
        quota, _, period = (_text(folder / "cpu.max") or "max").partition(" ")
        if quota != "max":
            limits.append(int(quota) / int(period))
    for folder in _groups(root, membership, "cpu"):
        quota = _text(folder / "cpu.cfs_quota_us") or "-1"
        if int(quota) > 0:
            limits.append(int(quota) / int(_text(folder / "cpu.cfs_period_us") or "100000"))
    return min(limits, default=None)


def memory_limit_gib(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float | None:
    """Give the memory that the control group allows, GiB (both versions of control groups), or None."""
    limits = []
    for controller, name in (("", "memory.max"), ("memory", "memory.limit_in_bytes")):
        for folder in _groups(root, membership, controller):
            value = _text(folder / name) or "max"
            if value != "max" and int(value) < _NO_LIMIT:
                limits.append(int(value) / _GIB)
    return round(min(limits), 2) if limits else None


def filesystem(path: Path) -> str | None:
    """Name the type of the file system that a path, there or not yet, is on."""
    place = path.absolute()
    mounts = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounts[str(parent)] for parent in (place, *place.parents) if str(parent) in mounts), None)


def _groups(root: Path, membership: Path, controller: str) -> list[Path]:
    """List the control groups that this process is in, from its own up to the root; "" is version 2."""
    for line in (_text(membership) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            # In a container the path may be one of the host's, which isn't there: the root is then the container's own
            # group.
            inside = Path(path.lstrip("/"))
            return [root / controller / part for part in (inside, *inside.parents)]
    return []


def _container() -> str | None:
    if Path("/.dockerenv").exists():
        return "docker"
    if Path("/run/.containerenv").exists():
        return "podman"
    if "APPTAINER_CONTAINER" in os.environ or "SINGULARITY_CONTAINER" in os.environ:
        return "apptainer"
    return "kubernetes" if "KUBERNETES_SERVICE_HOST" in os.environ else None


def _cpu_model() -> str:
    for line in (_text(Path("/proc/cpuinfo")) or "").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@cache
def _commit() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
