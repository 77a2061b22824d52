"""What the package needs: `pip install stac-ingest-bench` brings the ingest library alone, an extra brings the rest."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORTED_AS = {"pyyaml": "yaml"}
COME_ALONG = {"yarl": "aiohttp", "pydantic_core": "pydantic"}
"""Packages that another one is made of, and hands out."""
COMES_WITH_PYTEST = {"pytest"}
"""The simulator's plugin is loaded by pytest alone."""


def test_the_library_imports_what_its_dependencies_and_extras_bring():
    """Nothing that `stac_ingest` imports comes with the extra of the benchmark alone."""
    extras = PROJECT["optional-dependencies"]
    library = [
        *PROJECT["dependencies"],
        *(name for extra, names in extras.items() if extra != "bench" for name in names),
    ]
    assert _imported("stac_ingest") - {"stac_ingest"} <= _modules(library)


def test_no_dependency_is_idle():
    """Whatever is installed is imported somewhere."""
    extras = PROJECT["optional-dependencies"]
    assert _modules(PROJECT["dependencies"]) <= _imported("stac_ingest")
    assert _modules(extras["bench"]) <= _imported("ingest_bench")


def test_the_benchmark_imports_what_its_extra_brings():
    """Nothing that `ingest_bench` imports, beside tools in environments of their own, is missing from its extra."""
    tools = {"duckdb", "geopandas", "pystac", "rustac", "sedonadb", "stac_geoparquet", "polars", "arro3"}
    given = _modules([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["bench"]])
    found = _imported("ingest_bench") - {"ingest_bench", "stac_ingest"} - COMES_WITH_PYTEST - tools
    assert found <= given


@pytest.mark.parametrize("extra", PROJECT["optional-dependencies"])
def test_pins_hold_what_an_extra_brings(extra: str):
    """Every package of an extra is pinned in `envs/`."""
    name = "requirements.txt" if extra == "bench" else "requirements-extras.txt"
    pinned = set(re.findall(r"^([a-z0-9_.-]+)(?:\[[^]]*\])?==", (ROOT / "envs" / name).read_text(), re.MULTILINE))
    assert {_distribution(each) for each in PROJECT["optional-dependencies"][extra]} <= pinned


def _modules(requirements: list[str]) -> set[str]:
    names = map(_distribution, requirements)
    return {IMPORTED_AS.get(name, name).replace("-", "_") for name in names}


def _distribution(requirement: str) -> str:
    return re.split(r"[\[<>=]", requirement)[0]


def _imported(package: str) -> set[str]:
    """Return the packages that one of ours imports, the standard library left out."""
    found = {name for path in (ROOT / "src" / package).rglob("*.py") for name in _imports(path)}
    return {COME_ALONG.get(name, name) for name in found} - sys.stdlib_module_names


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module is not None
            yield node.module.partition(".")[0]
