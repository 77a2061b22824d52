"""What a result depends on beside its settings: the code that its processes loaded, and the pins of what others wrote.

A module that is imported anew has an importer that changed, so what was loaded once says what has to be looked at. Of
our modules counts what they do: comments, docstrings and layout don't. Of other packages counts the version that the
lock file names, not the one that is installed: the plan may be made in another environment than its jobs run in.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.metadata import packages_distributions
from pathlib import Path

import ingest_bench
import stac_ingest
from ingest_bench.errors import MeasurementError
from ingest_bench.results.models import Dependencies
from ingest_bench.system.loaded_modules import REPORTS, is_ours, loaded

ROOTS = {
    "ingest_bench": Path(ingest_bench.__file__).parent,
    "stac_ingest": Path(stac_ingest.__file__).parent,
}
LOCK = ROOTS["ingest_bench"].parents[1] / "envs" / "requirements.txt"
"""Of a checkout; where the package is installed without one, there is none, and versions are not compared."""

HASHED = 16
"""Hexadecimal digits of a hash that are kept: enough to tell versions of one module apart."""
BY_VALUE = (
    *(f"ingest_bench.config.{name}" for name in ("checks", "matrix", "models")),
    *(f"ingest_bench.workflow.{name}" for name in ("identity", "jobs", "round_files", "round_plan", "staleness")),
)
"""Modules that read the configuration and plan jobs. What they make of it is part of every identity, value by value, so
neither they nor what they alone import count: a new setting leaves what was measured without it as it is."""
RECORDS = {"ARM", "KIND"}
"""What a module that declares an arm or a kind of corpus calls it."""


class Recording:
    """What processes load: this one, and those that it starts and that have ended.

    Attributes:
        reports: of processes that have ended, by what kind of process it was, with how many.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: set[str] = set()
        self.reports = Counter[str]()

    def dependencies(self, *, without: tuple[str, ...] = BY_VALUE, uses: str | None = None) -> Dependencies:
        """Return what all of them depend on.

        Args:
            without: modules of this process that don't count, nor what is imported by them alone. So do modules that
                declare an arm or a kind of corpus, which a configuration imports: processes of samples report theirs.
            uses: the module of these whose code this process ran; None: of none.

        Raises:
            MeasurementError: a module has no source file.

        """
        names = self._names | _needed(loaded(), {*without, *_declaring()} - {uses})
        modules = {name: module_hash(name) for name in sorted(filter(is_ours, names))}
        missing = [name for name, value in modules.items() if value is None]
        if missing:
            raise MeasurementError(f"loaded, but without a source file: {', '.join(missing)}")
        return Dependencies(modules={name: value for name, value in modules.items() if value}, pins=_pins_of(names))

    def collect(self, outer: str | None) -> None:
        """Take in the reports, and hand them on to the folder of the recording around this one."""
        for path in sorted(self._folder.iterdir()):
            self.reports[path.name.partition("-")[0]] += 1
            self._names.update(path.read_text(encoding="utf-8").split("\n"))
            if outer is not None:
                shutil.copy(path, outer)


@contextmanager
def recording() -> Iterator[Recording]:
    """Have all processes that are started meanwhile report what they load; a recording around it gets to know, too."""
    outer = os.environ.get(REPORTS)
    with tempfile.TemporaryDirectory(prefix="loaded-") as folder:
        os.environ[REPORTS] = folder
        record = Recording(Path(folder))
        try:
            yield record
        finally:
            if outer is None:
                del os.environ[REPORTS]
            else:
                os.environ[REPORTS] = outer
        record.collect(outer)


def lock_files() -> list[Path]:
    """List the lock files of a run's environments: ours, and that of other tools; an installed package has none."""
    return [path for name in (LOCK.name, "requirements-tools.txt") if (path := LOCK.with_name(name)).is_file()]


def changed(dependencies: Dependencies | None) -> str | None:
    """Return the first module or package that is no longer as it was when a result was made; None: there is none.

    Args:
        dependencies: of the result; None where they were not recorded, which counts as a change.

    """
    if dependencies is None:
        return "not recorded"
    for name, value in dependencies.modules.items():
        if module_hash(name) != value:
            return name
    pins = _pins()
    for name, version in dependencies.pins.items():
        if pins and pins.get(name) != version:
            return name
    return None


@cache
def module_hash(name: str) -> str | None:
    """Return a hash of what a module of ours does, and of a package's data files; None: there is no such module.

    Data files are those below a package's folder that lie in no other package: style sheets, scripts, templates.
    """
    source = _source(name)
    try:
        total = sha256(behaviour(source.read_text(encoding="utf-8")).encode())
    except FileNotFoundError:
        return None
    if source.name == "__init__.py":
        for data in _data_files(source.parent):
            total.update(data.relative_to(source.parent).as_posix().encode() + b"\0" + data.read_bytes())
    return total.hexdigest()[:HASHED]


def behaviour(source: str) -> str:
    """Return a module's syntax tree without docstrings, comments and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # A string that stands alone does nothing, wherever it stands.
            node.body = [line for line in node.body if not _is_text(line)]
    return ast.dump(tree)


def _declaring() -> Iterator[str]:
    """Yield the loaded modules that declare what a registry lists."""
    return (name for name, module in list(sys.modules.items()) if is_ours(name) and RECORDS & vars(module).keys())


def _needed(names: set[str], without: set[str]) -> set[str]:
    """Return the modules that are left when some are taken away, with all that they alone import."""
    imports = {name: {*_imports(name), name.rpartition(".")[0]} & names for name in filter(is_ours, names)}
    beside = _reach(without & names, imports, set())
    return _reach(names - beside, imports, without)


def _reach(start: set[str], imports: dict[str, set[str]], without: set[str]) -> set[str]:
    """Return modules with all that they import, and that these import, but not by way of some."""
    reached, waiting = set(start), list(start)
    while waiting:
        more = imports.get(waiting.pop(), set()) - reached - without
        reached |= more
        waiting += more
    return reached


def _imports(name: str) -> Iterator[str]:
    """Yield what the import statements of a module name, wherever in it they stand, but for those that don't run."""
    waiting: list[ast.AST] = [ast.parse(_source(name).read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name if is_ours(alias.name) else alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module if is_ours(node.module) else node.module.partition(".")[0]
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            waiting += ast.iter_child_nodes(node)


def _source(name: str) -> Path:
    package, *inside = name.split(".")
    path = ROOTS[package].joinpath(*inside)
    folder = path / "__init__.py"
    return folder if folder.is_file() else path.with_suffix(".py")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _data_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name != "__pycache__" and not (path / "__init__.py").exists():
                yield from _data_files(path)
        elif path.suffix != ".py":
            yield path


def _pins_of(names: set[str]) -> dict[str, str]:
    """Return the pinned versions of the packages that modules belong to, by the packages' names."""
    pins, homes = _pins(), packages_distributions()
    packages = {_normalised(package) for name in names for package in homes.get(name, ())}
    return {package: pins[package] for package in sorted(packages & pins.keys())}


@cache
def _pins() -> dict[str, str]:
    try:
        text = LOCK.read_text(encoding="utf-8")
    except OSError:
        return {}
    return {_normalised(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)}


def _normalised(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
