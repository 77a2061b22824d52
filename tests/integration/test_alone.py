"""The library as `pip install stac-ingest-bench` brings it: without Snakemake, SciPy and the rest of the benchmark."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest_bench.simulator.pytest_plugin import StartServer

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
LACKING = sorted({re.split(r"[\[<>=]", name)[0].replace("-", "_") for names in EXTRAS.values() for name in names})
ALONE = f"""
import sys


class Lacking:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in {LACKING}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Lacking)

from stac_ingest.__main__ import main

sys.exit(main())
"""


def stac_ingest(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process that lacks every extra."""
    command = [sys.executable, "-W", "error", "-c", ALONE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_each_kind_of_source_is_read(tmp_path: Path, stac_server: StartServer):
    """An API, item files, NDJSON, a table and a catalog go through the command, each into the next one's form."""
    source = stac_server(items=25).url
    for number, to in enumerate(("items", "ndjson", "geoparquet", "catalog", "ndjson")):
        output = tmp_path / f"{number}"
        done = stac_ingest(source, "--to", to, "--output", output)
        assert done.returncode == 0, done.stderr
        assert "complete: all 25 items" in done.stderr + done.stdout
        source = str(output / "catalog.json" if to == "catalog" else output)


def test_the_benchmark_says_what_to_install(tmp_path: Path):
    """`ingest-bench` without its extra ends with the command that installs it."""
    code = ALONE.replace("from stac_ingest.", "from ingest_bench.")
    command = [sys.executable, "-c", code, "results-doc", tmp_path / "results.md"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert 'pip install "stac-ingest-bench[bench]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_the_wheel_has_all_that_it_needs(tmp_path: Path):
    """A wheel holds both packages with their types and templates, and asks for the library's dependencies alone."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, project]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("/METADATA"))
    wanted = {
        str(path.relative_to(ROOT / "src"))
        for package in ("stac_ingest", "ingest_bench")
        for path in (ROOT / "src" / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= names
    plain = set(re.findall(r"^Requires-Dist: ([a-z0-9-]+)[^;\n]*$", metadata, re.MULTILINE))
    assert plain == {"aiohttp", "numpy", "orjson", "pyarrow", "pydantic", "pyyaml", "shapely", "zstandard"}
