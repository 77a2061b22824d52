"""What a result depends on: the modules that processes really loaded, wherever they were started from."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ingest_bench.results.models import Dependencies
from ingest_bench.system import dependencies
from ingest_bench.system.dependencies import BY_VALUE, LOCK, ROOTS, behaviour, changed, recording


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a package that stands in for one of both, and hash without a memory."""
    monkeypatch.setitem(ROOTS, "stac_ingest", tmp_path)
    monkeypatch.setattr(dependencies, "LOCK", tmp_path / "requirements.txt")
    for memory in (dependencies.module_hash, dependencies._pins):
        monkeypatch.setattr(dependencies, memory.__name__, memory.__wrapped__)
    (tmp_path / "__init__.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("x = 1", "x = 1  # why", True),
        ("def f():\n    return 1", 'def f():\n    """Say one."""\n\n    return 1', True),
        ("class A:\n    x: int", 'class A:\n    x: int\n    """A number."""', True),
        ("x = (1,\n     2)", "x = (1, 2)", True),
        ("x = 1", "x = 2", False),
        ("x = 'a'", "x = 'b'", False),
        ("def f():\n    return 1", "async def f():\n    return 1", False),
    ],
)
def test_only_what_code_does_counts(before: str, after: str, same: bool) -> None:
    """Comments, docstrings and layout leave the hashed form as it was; anything else changes it."""
    assert (behaviour(before) == behaviour(after)) is same


def test_a_changed_module_is_named(sources: Path) -> None:
    """A module that does something else, or that is gone, is told by name; one that says something else is not."""
    (sources / "one.py").write_text("x = 1\n")
    found = Dependencies(modules={"stac_ingest.one": dependencies.module_hash("stac_ingest.one") or ""})
    (sources / "one.py").write_text('"""Words."""\nx = 1\n')
    assert changed(found) is None
    (sources / "one.py").write_text("x = 2\n")
    assert changed(found) == "stac_ingest.one"
    (sources / "one.py").unlink()
    assert changed(found) == "stac_ingest.one"


def test_nothing_recorded_counts_as_a_change() -> None:
    """A result of before modules were recorded is never taken for one that is up to date."""
    assert changed(None) == "not recorded"


@pytest.mark.parametrize("name", ["style.css", "templates/page.j2"])
def test_data_files_belong_to_their_package(sources: Path, name: str) -> None:
    """A style sheet or a template that is edited or removed changes the package that it lies in, and no other."""
    path = sources / "page" / name
    path.parent.mkdir(parents=True)
    (sources / "page/__init__.py").touch()
    path.write_text("one")
    whole, inside = dependencies.module_hash("stac_ingest"), dependencies.module_hash("stac_ingest.page")
    path.write_text("two")
    assert dependencies.module_hash("stac_ingest.page") != inside
    path.unlink()
    assert dependencies.module_hash("stac_ingest.page") != inside
    assert dependencies.module_hash("stac_ingest") == whole


def test_pins_count_where_there_is_a_lock_file(sources: Path) -> None:
    """A package of others counts by the version that the lock file names, and not at all where there is none."""
    found = Dependencies(modules={}, pins={"typing-extensions": "4.1"})
    assert changed(found) is None
    lock = sources / "requirements.txt"
    lock.write_text("typing_extensions==4.1 \\\n    --hash=sha256:00\nother==1\n")
    assert changed(found) is None
    lock.write_text("typing_extensions==4.2 \\\n    --hash=sha256:00\nother==1\n")
    assert changed(found) == "typing-extensions"


def test_what_is_left_out_exists() -> None:
    """Every module that counts by what it makes of the configuration is there, and so is the lock file."""
    assert all(find_spec(name) for name in BY_VALUE)
    assert LOCK.is_file()


def test_what_only_the_configuration_needs_does_not_count(sources: Path) -> None:
    """What is imported by modules that are left out, and by no other, is left out too, however deep."""
    (sources / "settings.py").write_text("from stac_ingest.deep import x\nimport shared, alone\n")
    (sources / "deep.py").write_text("from stac_ingest import deeper\n")
    (sources / "deeper.py").write_text("import stac_ingest.deep, stac_ingest.both\n")
    (sources / "both.py").touch()
    (sources / "work.py").write_text(
        "from typing import TYPE_CHECKING\nimport shared\n"
        "if TYPE_CHECKING:\n    import stac_ingest.deep\n"
        "def f():\n    from stac_ingest import both\n"
    )
    ours = {f"stac_ingest.{name}" for name in ("settings", "deep", "deeper", "both", "work")}
    names = {"stac_ingest", *ours, "shared", "alone", "hidden"}
    assert dependencies._needed(names, {"stac_ingest.settings"}) == {
        *("stac_ingest", "stac_ingest.work", "stac_ingest.both", "shared", "hidden")
    }


PROCESS = """
import multiprocessing, multiprocessing.util, sys
from concurrent.futures import ProcessPoolExecutor
from ingest_bench.system.loaded_modules import report_at_exit

def work(name):
    return __import__(name) and 1

if __name__ == "__main__":
    report_at_exit("sample")
    with ProcessPoolExecutor(1, multiprocessing.get_context(sys.argv[1])) as pool:
        assert pool.submit(work, "stac_ingest.core.source").result() == 1
    import stac_ingest.core.id_set
elif __name__ == "__mp_main__":
    report_at_exit("worker")
"""
REPORTING = "from ingest_bench.system.loaded_modules import report_at_exit; report_at_exit('sample')"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_workers_report_what_they_load(way: str, tmp_path: Path) -> None:
    """A process and the workers that it starts report what each has loaded by its end; a recording around hears it."""
    script = tmp_path / "process.py"
    script.write_text(PROCESS)
    with recording() as outer, recording() as found:
        subprocess.run([sys.executable, script, way], check=True)
    assert found.reports == outer.reports == {"sample": 1, "worker": 1}
    for each in (found, outer):
        assert {"stac_ingest.core.id_set", "stac_ingest.core.source"} <= each.dependencies().modules.keys()


def test_nothing_is_written_without_a_recording(tmp_path: Path) -> None:
    """A process that nobody asked for a report writes none."""
    subprocess.run([sys.executable, "-c", REPORTING], check=True, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_packages_of_others_are_recorded() -> None:
    """What a process has loaded of others is recorded under the package's name, with its pinned version."""
    script = f"{REPORTING}; import aiohttp"
    with recording() as found:
        subprocess.run([sys.executable, "-c", script], check=True)
    pins = found.dependencies().pins
    assert "aiohttp" in pins
    assert f"aiohttp=={pins['aiohttp']} " in LOCK.read_text()
