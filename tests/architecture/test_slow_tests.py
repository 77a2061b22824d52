"""The tenth of the slow tests that `make test` runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import long_lane

CONFTEST = Path(long_lane.__file__).with_name("conftest.py")
TESTS = {
    "test_whole.py": "import pytest\npytestmark = pytest.mark.slow\n"
    + "".join(f"def test_{number}(): pass\n" for number in range(5)),
    "test_each.py": "import pytest\n"
    + "".join(f"@pytest.mark.slow\ndef test_{number}(): pass\n" for number in range(30))
    + "def test_quick(): pass\n",
}


def collected(folder: Path, tenth: str | None) -> set[str]:
    """Collect the tests of a folder."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-c", "pytest.ini"]
    environment = {"PYTHONPATH": str(CONFTEST.parent)} | ({"TEST_TENTH": tenth} if tenth else {})
    run = subprocess.run([*command, "."], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return {line for line in run.stdout.split() if "::" in line}


def test_each_is_due_in_a_tenth_of_all_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,000 builds, about 100 run a test; each of 100 tests is run by some of 100 builds."""
    due = {}
    for build in range(1000):
        monkeypatch.setattr(long_lane, "TENTH", f"{build:x}")
        due[build] = {name for name in map(str, range(100)) if long_lane.is_due(name)}
    assert all(70 <= sum(name in found for found in due.values()) <= 130 for name in map(str, range(100)))
    assert set().union(*(due[build] for build in range(100))) == set(map(str, range(100)))


def test_modules_are_due_as_a_whole_and_quick_tests_always(tmp_path: Path) -> None:
    """Without a tenth all tests are there; with one, some of those marked alone, and all or none of a module."""
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    for name, text in TESTS.items():
        (tmp_path / name).write_text(text)
    everything = collected(tmp_path, None)
    assert len(everything) == 36
    for tenth in ("1", "2", "3"):
        found = collected(tmp_path, tenth)
        assert found < everything
        assert sum("test_whole" in name for name in found) in (0, 5)
        assert 0 < sum("test_each" in name for name in found) < 20
        assert "test_each.py::test_quick" in found
