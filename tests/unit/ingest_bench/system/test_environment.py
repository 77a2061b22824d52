"""The machine, as kept with the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest_bench.system.environment import cpu_limit, environment, filesystem, load, memory_limit_gib


def control_groups(root: Path, files: dict[str, str], membership: str) -> tuple[Path, Path]:
    """Write a control group file system and this process's place in it."""
    for name, text in files.items():
        path = root / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "membership").write_text(membership)
    return root / "cgroup", root / "membership"


@pytest.mark.parametrize(
    ("files", "membership", "processors", "memory"),
    [
        ({"job/cpu.max": "150000 100000", "job/memory.max": "2147483648"}, "0::/job", 1.5, 2.0),
        ({"job/cpu.max": "max 100000", "job/memory.max": "max"}, "0::/job", None, None),
        ({"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, "0::/a/b", 2.0, None),
        ({"cpu.max": "50000 100000"}, "0::/not/here", 0.5, None),
        (
            {
                "cpu/job/cpu.cfs_quota_us": "300000",
                "cpu/job/cpu.cfs_period_us": "100000",
                "memory/job/memory.limit_in_bytes": "1073741824",
                "memory/memory.limit_in_bytes": "9223372036854771712",
            },
            "5:cpu,cpuacct:/job\n3:memory:/job\n0::/",
            3.0,
            1.0,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "5:cpu:/", None, None),
        ({}, "", None, None),
    ],
    ids=["v2", "v2 unlimited", "v2 inherited", "v2 in a container", "v1", "v1 unlimited", "none"],
)
def test_limits_of_control_groups(
    tmp_path: Path, files: dict[str, str], membership: str, processors: float | None, memory: float | None
) -> None:
    """The tightest limit between a process's own group and the root counts, in both versions of control groups."""
    root, place = control_groups(tmp_path, files, membership)
    assert cpu_limit(root, place) == processors
    assert memory_limit_gib(root, place) == memory


def test_this_machine_is_described(tmp_path: Path) -> None:
    """The description holds what makes numbers comparable, for a folder that isn't there yet too."""
    found = environment(tmp_path / "not" / "yet")
    assert found.cores >= 1
    assert found.memory_gib > 0
    assert found.cpu_model
    assert found.packages.keys() >= {"aiohttp", "orjson", "pyarrow", "stac-ingest-bench"}
    assert found.filesystem == filesystem(tmp_path)


def test_the_load_is_read() -> None:
    """Load and stolen time are numbers that don't shrink below nothing."""
    assert load().load_1m >= 0
    assert load().steal_s >= 0
