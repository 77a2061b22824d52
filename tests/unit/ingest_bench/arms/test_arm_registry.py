"""The records of arms: light, complete, and the one place where an arm is known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ingest_bench.arms import arm_kind, arm_names, register_arm
from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.errors import SettingsError

ROOT = Path(__file__).parents[4]
HEAVY = (
    *("aiofiles", "aiohttp", "duckdb", "matplotlib", "numpy", "pandas", "polars", "pyarrow", "pystac", "pystac_client"),
    *("requests", "rustac", "scipy", "shapely", "snakemake", "stac_geoparquet", "yarl"),
)
LOADING = """
import sys
from ingest_bench.arms import arm_kind, arm_names
from ingest_bench.config.matrix import load_settings
load_settings("config.yaml")
assert len([arm_kind(name) for name in arm_names()]) > 10
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[1:])))
"""
ANOTHER = """
from ingest_bench.arms import ArmKind
from ingest_bench.arms.ingest_arm import make
ARM = ArmKind(name="{name}", description="another", make=make, reads=("item_files",))
"""


def test_reading_a_configuration_loads_nothing_heavy() -> None:
    """The records of all arms, and the settings that they check, come without Arrow, HTTP clients and the like."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING, *HEAVY], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", arm_names())
def test_a_record_is_complete(name: str) -> None:
    """An arm is called as its file is, is described, and reads layouts that there are at a level of 1 at least."""
    kind = arm_kind(name)
    assert (kind.name, kind.file) == (name, None)
    assert kind.description
    assert kind.reads
    assert set(kind.reads) <= LAYOUTS.keys()
    assert all(kind.highest(layout) >= 1 for layout in kind.reads)


def test_an_arm_that_is_not_there_is_an_error() -> None:
    """A name that no file declares has no record."""
    with pytest.raises(KeyError):
        arm_kind("base")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("gone.py", None, "there is no such file"),
        ("arm.txt", "", "not a Python file"),
        ("empty.py", "", "needs ARM = ArmKind"),
        ("same.py", ANOTHER.format(name="ingest"), "an arm of the benchmark is called ingest already"),
    ],
)
def test_a_file_without_an_arm_is_refused(tmp_path: Path, name: str, text: str | None, complaint: str) -> None:
    """What can't be an arm of the user's own is refused with its path and what is wrong."""
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=complaint) as caught:
        register_arm(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_file_can_be_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a changed file takes the place of what it declared before, under the same name."""
    monkeypatch.setattr("ingest_bench.arms.ARMS.further", {})
    path = tmp_path / "changing.py"
    path.write_text(ANOTHER.format(name="changing"))
    before = register_arm(path)
    path.write_text(ANOTHER.format(name="changing").replace("another", "a longer description"))
    register_arm(path)
    assert (before.description, arm_kind("changing").description) == ("another", "a longer description")
    assert arm_names().count("changing") == 1


def test_a_file_that_an_arm_lacks_is_not_taken_for_it(tmp_path: Path) -> None:
    """An arm's file that opens another one, which isn't there, fails with the name of that one."""
    path = tmp_path / "opening.py"
    path.write_text("open('no_such_table.csv')")
    with pytest.raises(FileNotFoundError, match=r"no_such_table\.csv"):
        register_arm(path)
