"""What is public: the names of each package face, their docstrings, and where the documentation has them."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

PUBLIC = {
    "stac_ingest": (
        "ChangeCollector CheckpointManager ConfigurationError DataProcessingError FailureCollector IngestConfig "
        "IngestError IngestModule IngestSummary WorkflowContext"
    ),
    "stac_ingest.checkpoints": "CheckpointManager",
    "stac_ingest.outputs": (
        "OUTPUTS CatalogOutput DeltaOutput GeoParquetOutput IcebergOutput ItemFilesOutput NdjsonOutput OutputFormat "
        "kept_in_files make_output output_name read_output"
    ),
    "stac_ingest.pipeline": "Bundler Fetcher Modifier Output PipelineResult StageSeconds run_pipeline",
    "stac_ingest.sharding": (
        "CollectionReport Manifest Plan ShardReport ShardedIngest finalize_ingest plan_ingest read_plan "
        "require_complete run_shard"
    ),
    "stac_ingest.sources": "KINDS SourceKind Where check_path kind_of make_source",
    "stac_ingest.strategies": "STRATEGIES Strategy StrategyInfo load_strategy worker_strategies",
    "stac_ingest.transforms": "FilterItems TransformSettings UpdateItems",
}
"""The names that users may import; a change of this list is a change for them."""

DOCUMENTED = (
    f"{PUBLIC['stac_ingest']} run_pipeline Fetcher Modifier Bundler UpdateItems FilterItems OUTPUTS make_output "
    "read_output KINDS make_source STRATEGIES load_strategy ShardedIngest plan_ingest run_shard finalize_ingest"
)
STAC_MANAGER = {
    "CheckpointManager": "contains add save flush is_completed mark_completed get_checkpoint_path",
    "FailureCollector": "add get_all",
    "IngestModule": "fetch set_logger",
}
"""Names of stac-manager that its users call, which ours keep."""

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("package", PUBLIC)
def test_a_face_has_its_public_names(package: str) -> None:
    """Each face lists the names that are public here, and no other."""
    assert sorted(import_module(package).__all__) == sorted(PUBLIC[package].split())


@pytest.mark.parametrize(
    ("package", "name"), [(face, name) for face, names in PUBLIC.items() for name in names.split()]
)
def test_a_public_name_is_there_and_explained(package: str, name: str) -> None:
    """Each public name can be imported, and its docstring is its own."""
    public = getattr(import_module(package), name)
    assert isinstance(public, dict) or public.__doc__ not in (None, *(base.__doc__ for base in _bases(public)))


@pytest.mark.parametrize("face", PUBLIC)
def test_what_a_public_function_takes_and_returns_is_said(face: str) -> None:
    """The docstring of each public function and method has a line for every parameter, and says what it returns."""
    lacking = []
    for function in _functions(face):
        # `getdoc` removes the indent, as compilers do from 3.13 on.
        text, signature = inspect.getdoc(function) or "", inspect.signature(function)
        named = re.findall(r"^ +\**(\w+): ", text.partition("Args:")[2], re.MULTILINE)
        lacking += [f"{function.__qualname__}: {name}" for name in {*signature.parameters} - {"self", "cls", *named}]
        gives = signature.return_annotation not in (inspect.Signature.empty, None, "None")
        if gives and not re.search(r"^(Returns|Yields):$", text, re.MULTILINE):
            lacking.append(f"{function.__qualname__}: Returns")
    assert lacking == []


def test_sections_of_docstrings_are_checked_where_public_names_are() -> None:
    """Ruff's list of modules, in which it asks for Returns, Yields and Raises, has each that defines a public name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    (pattern,) = [pattern for pattern, rules in settings["per-file-ignores"].items() if rules == ["DOC"]]
    listed = re.fullmatch(r"!src/stac_ingest/\{(.*)\}\.py", pattern)
    assert listed
    defining = {function.__module__ for face in PUBLIC for function in _functions(face)}
    paths = {Path(import_module(module).__file__ or "").with_suffix("") for module in defining}
    assert {str(path.relative_to(ROOT / "src" / "stac_ingest")) for path in paths} <= set(listed[1].split(","))


@pytest.mark.parametrize("name", DOCUMENTED.split())
def test_a_main_name_is_documented(name: str) -> None:
    """README or a page of docs/ mentions each of the main names."""
    assert any(re.search(rf"\b{name}\b", page.read_text(encoding="utf-8")) for page in PAGES)


@pytest.mark.parametrize("name", STAC_MANAGER)
def test_the_names_of_stac_manager_are_kept(name: str) -> None:
    """What code that is written for stac-manager calls is there."""
    public = getattr(import_module("stac_ingest"), name)
    assert not [method for method in STAC_MANAGER[name].split() if not callable(getattr(public, method, None))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_imports_of_examples_work(page: Path) -> None:
    """Every import of our packages in the examples of the documentation works."""
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"^(?:from (?:stac_ingest|ingest_bench)\S* )?import (?:.*)$", text, re.MULTILINE):
        if "stac_ingest" in line or "ingest_bench" in line:
            exec(line, {})


def _functions(face: str) -> Iterator[Any]:
    """Yield the public functions of a face, and the methods of its classes that are ours, inherited ones too."""
    for name in PUBLIC[face].split():
        public = getattr(import_module(face), name)
        if inspect.isfunction(public):
            yield public
        for method in dir(public) if isinstance(public, type) else ():
            found = inspect.unwrap(getattr(inspect.getattr_static(public, method), "__func__", getattr(public, method)))
            is_ours = inspect.isfunction(found) and "stac_ingest" in found.__code__.co_filename
            if is_ours and (method == "__init__" or not method.startswith("_")):
                yield found


def _bases(public: object) -> tuple[type, ...]:
    return public.__mro__[1:] if isinstance(public, type) else ()
